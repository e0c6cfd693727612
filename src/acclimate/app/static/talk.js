// What the page says to whoever reads, and the card they have before them.

export const card = () => document.getElementById("card");
export const item = () => card().dataset.item;
export const task = () => encodeURIComponent(card().dataset.task);
export const questions = (within = card()) => [...within.querySelectorAll(".question")];

export function say(text, { fault = false } = {}) {
  const status = document.getElementById("status");
  status.textContent = text;
  status.classList.toggle("waiting", fault);
}
export function complain(text) {
  const box = document.getElementById("fault");
  if (!box) return say(text, { fault: true });
  box.textContent = text;
  box.hidden = !text;
}
