// Other records of the same subject: fetched when they are opened, one open at a time by the keys.
import { post } from "./outbox.js";
import { card, item, task } from "./talk.js";

const panes = () => [...card().querySelectorAll(".beside details")];

async function load(pane) {
  if (pane.querySelector(".opened") || pane.dataset.loading) return;
  pane.dataset.loading = "yes";
  pane.querySelector(".says")?.remove();
  let outcome;
  try { outcome = await post(`/beside/${task()}`, { item: item(), other: pane.dataset.other }); }
  catch { outcome = { status: 0, said: { error: "The server does not answer. Open it again later." } }; }
  delete pane.dataset.loading;
  pane.append(outcome.status === 200 ? opened(outcome.said.texts) : made("p", "says fault", outcome.said.error));
}
function opened(texts) {
  const box = made("div", "opened", texts.length ? "" : "It holds no text to read.");
  for (const { name, text } of texts) {
    if (texts.length > 1 || name !== "text") box.append(made("h3", "", name));
    box.append(made("div", "text", text));
  }
  return box;
}
function made(kind, style, words) {
  const element = document.createElement(kind);
  if (style) element.className = style;
  element.textContent = words;
  return element;
}
// `toggle` does not bubble, so it is caught on its way down.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".beside details") && event.target.open) load(event.target);
}, true);

export function openBeside(step) { // the next (1) or previous (-1) one from the one that is open, else from the item itself
  const all = panes();
  if (!all.length) return;
  const open = all.findLastIndex((pane) => pane.open);
  const before = [...card().querySelector(".beside").children].filter((one) => one.matches("details, .here")).findIndex((one) => one.matches(".here"));
  const from = open >= 0 ? open : step > 0 ? before - 1 : before;
  const chosen = all[Math.min(Math.max(from + step, 0), all.length - 1)];
  for (const pane of all) pane.open = pane === chosen;
  chosen.scrollIntoView({ block: "nearest" });
}
export function closeBeside() {
  for (const pane of panes()) pane.open = false;
}
