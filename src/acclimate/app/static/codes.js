// Codes searched on the server: type a few letters, choose with the arrows and Enter or with the mouse.
import { addCode } from "./answers.js";
import { post } from "./outbox.js";
import { say, task } from "./talk.js";

const WAIT_MS = 60;
let asked = 0;

async function search(box) {
  const mine = ++asked, question = box.closest(".question"), list = question.querySelector(".found");
  const words = box.value.trim();
  if (!words) return list.replaceChildren();
  await new Promise((done) => setTimeout(done, WAIT_MS));
  if (mine !== asked) return;
  let outcome;
  try { outcome = await post(`/codes/${task()}`, { question: question.dataset.name, words }); } catch { outcome = { status: 0 }; }
  if (mine !== asked) return;
  if (outcome.status !== 200) return say("Codes cannot be searched while the server is away.", { fault: true });
  list.replaceChildren(...outcome.said.codes.map(([code, title], place) => {
    const row = document.createElement("li"), name = document.createElement("strong");
    row.role = "option"; row.id = `${box.id}-${place}`; row.dataset.code = code; row.dataset.title = title;
    row.ariaSelected = String(place === 0);
    name.textContent = code;
    row.append(name, ` ${title}`);
    return row;
  }));
  if (!list.children.length) list.append(Object.assign(document.createElement("li"), { textContent: "No code has these words.", className: "quiet" }));
}
export async function nameCodes(card) { // codes that were chosen before are shown with their names
  for (const question of card.querySelectorAll(".question[data-kind=codes]")) {
    const rows = [...question.querySelectorAll(".chosen li")], codes = rows.map((row) => row.dataset.code);
    if (!codes.length) continue;
    const outcome = await post(`/codes/${task()}`, { question: question.dataset.name, codes }).catch(() => ({ status: 0 }));
    if (outcome.status !== 200) continue;
    const titles = new Map(outcome.said.codes);
    for (const row of rows) row.querySelector("span").textContent = `${row.dataset.code} ${titles.get(row.dataset.code) ?? ""}`;
  }
}
function choose(row) {
  const question = row.closest(".question");
  addCode(question, row.dataset.code, row.dataset.title);
  question.querySelector(".found").replaceChildren();
  const box = question.querySelector(".search");
  box.value = "";
  box.focus();
}
document.addEventListener("input", (event) => { if (event.target.matches(".search")) search(event.target); });
document.addEventListener("click", (event) => {
  const row = event.target.closest(".found [data-code]");
  if (row) choose(row);
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches(".search")) return;
  const list = event.target.closest(".question").querySelector(".found");
  const rows = [...list.querySelectorAll("[data-code]")], at = rows.findIndex((row) => row.ariaSelected === "true");
  if (event.key === "Enter" && !event.ctrlKey) {
    event.preventDefault();
    if (rows[at]) choose(rows[at]);
  } else if (["ArrowDown", "ArrowUp"].includes(event.key) && rows.length) {
    event.preventDefault();
    const to = (at + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length;
    rows.forEach((row, place) => { row.ariaSelected = String(place === to); });
    rows[to].scrollIntoView({ block: "nearest" });
    event.target.setAttribute("aria-activedescendant", rows[to].id);
  } else if (event.key === "Escape") {
    list.replaceChildren();
  }
});
