// The page on which people read and answer, decide, and check: keys and buttons, and which card comes next.
import { entered, fill, unanswered } from "./answers.js";
import { closeBeside, openBeside } from "./beside.js";
import { nameCodes } from "./codes.js";
import { deliver, isUnsent, pause, unsent } from "./outbox.js";
import { nextOutput } from "./output_marks.js";
import { markEverywhere, markHeld, markSelection, marksSelection, moveInText, relate, removeLast, showHeld } from "./spans.js";
import { card, complain, item, questions, say, task } from "./talk.js";

const ENOUGH_AHEAD = 20;
const RENEW_MS = 60_000; // how often the server hears that somebody still reads what it gave them
let ahead = []; // cards that will be shown next; the server has given them to this reader
let fetching = false, fetchedAt = -Infinity;
let last = null; // the newest answer that was acknowledged: {number, item, answer}
let asGiven = ""; // what the card held when it was shown
let worked = 0, since = performance.now();
const answeredAt = new Map(); // item -> when, so that a list made before does not bring it again

const typing = (target) => target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
const purpose = () => card().dataset.purpose;
const active = () => card().querySelector(".question.active");
const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

// ---- time: counted while the page is in view
document.addEventListener("visibilitychange", () => {
  if (document.hidden) worked += performance.now() - since;
  since = performance.now();
});
const seconds = () => (worked + (document.hidden ? 0 : performance.now() - since)) / 1000;

// ---- the next card: one that waits in the page, else from the server
function show(fresh) {
  ahead = ahead.filter((one) => one.dataset.item !== fresh.dataset.item); // it may have come both ways at once
  card().replaceWith(document.adoptNode(fresh));
  begin();
}
async function next() {
  if (ahead.length) return show(ahead.shift());
  for (;;) {
    try {
      const response = await fetch(location.pathname);
      if (response.redirected) { location.reload(); return; }
      const page = parsed(await response.text());
      const fresh = page.getElementById("card");
      if (!fresh) { complain(page.querySelector(".says")?.textContent ?? "The next item could not be fetched."); return; }
      return show(fresh);
    } catch {
      say("Saved. The server does not answer; the next item comes when it does.", { fault: true });
      await pause();
    }
  }
}
async function fetchAhead(enough = ENOUGH_AHEAD) {
  const asked = performance.now();
  if (purpose() !== "reading" || !item() || fetching || (ahead.length >= enough && asked - fetchedAt < RENEW_MS)) return;
  fetching = true;
  fetchedAt = asked;
  try {
    const response = await fetch(`/ahead/${task()}`);
    if (response.ok && !response.redirected) take([...parsed(await response.text()).querySelectorAll("#card")], asked);
  } catch { /* the server is away: what is here is read first */ }
  fetching = false;
}
function take(cards, asked) {
  const isNew = (one) => one.dataset.item !== item() && !isUnsent(one.dataset.item) && !((answeredAt.get(one.dataset.item) ?? 0) > asked);
  const key = (one) => `${one.dataset.item} ${one.dataset.guideline} ${one.dataset.schema}`;
  const there = new Map(ahead.map((one) => [key(one), one]));
  ahead = cards.filter(isNew).map((one) => there.get(key(one)) ?? one);
  const same = cards.find((one) => one.dataset.item === item());
  if (same && same.dataset.schema !== card().dataset.schema) {
    show(same);
    return say("The questions have changed: answer anew.", { fault: true });
  }
  const newest = cards.find((one) => Number(one.dataset.guideline) > Number(card().dataset.guideline));
  if (!newest) return;
  const guideline = newest.querySelector(".guideline");
  if (guideline) card().querySelector(".guideline")?.replaceWith(document.adoptNode(guideline.cloneNode(true)));
  card().dataset.guideline = newest.dataset.guideline;
  say("The guideline has changed: read it before you go on.", { fault: true });
}
function begin() {
  worked = 0;
  since = performance.now();
  if (card().dataset.before) { fill(JSON.parse(card().dataset.before)); nameCodes(card()); }
  asGiven = item() ? JSON.stringify(entered()) : "";
  activate(questions()[0]);
  showHeld();
  scrollTo(0, 0);
  const text = card().querySelector(".text[data-field]");
  if (questions()[0]?.dataset.kind === "spans") text?.focus();
  if (questions().every((question) => question.dataset.kind === "text")) card().querySelector(".question textarea")?.focus();
  fetchAhead();
}
function busy(yes) {
  for (const button of card().querySelectorAll(".answer button")) button.disabled = yes || (button.id === "undo" && !last && !card().dataset.last);
}

// ---- sending: wait for the server's word, or go on with the next card while it is away
async function deliverAndGoOn(path, content, kept) {
  complain("");
  busy(true);
  answeredAt.set(content.item, performance.now());
  const { settled, away } = deliver(path, content);
  let outcome = await Promise.race([settled, away]);
  if (outcome.away && ahead.length) {
    show(ahead.shift());
    outcome = await settled;
    return outcome.kept ? kept(outcome.said) : refuse(content, outcome.said.error);
  }
  outcome = await settled;
  if (outcome.isRefused) { // not theirs any more, or under another guideline: nothing that they could mend here
    refuse(content, outcome.said.error);
    return next();
  }
  if (!outcome.kept) {
    answeredAt.delete(content.item);
    busy(false);
    fetchAhead(Infinity); // the questions may have changed
    return complain(outcome.said.error);
  }
  await kept(outcome.said);
  await next();
}
function refuse(content, reason) { // an answer that is not taken, as when others have the item by now
  answeredAt.delete(content.item);
  const box = document.getElementById("refused"), row = document.createElement("li"), words = document.createElement("span");
  words.textContent = `${content.item}: ${reason} `;
  const button = (says, act) => {
    const made = document.createElement("button");
    made.type = "button"; made.textContent = says;
    made.addEventListener("click", act);
    row.append(made, " ");
  };
  const drop = () => { row.remove(); box.hidden = !box.querySelector("li"); };
  row.append(words);
  if (purpose() === "reading") button("Answer again", async () => {
    const fresh = await heldCard(content.item);
    if (!fresh) return say(`Item ${content.item} is not yours any more.`, { fault: true });
    drop();
    if (item()) ahead.unshift(card());
    ahead = ahead.filter((one) => one.dataset.item !== content.item);
    show(fresh);
    if (content.answer) fill(content.answer);
  });
  button("Drop", drop);
  box.querySelector("ul").append(row);
  box.hidden = false;
  fetchAhead(Infinity); // what changed may concern the cards that wait, too
}
async function heldCard(wanted) {
  try {
    const cards = [...parsed(await (await fetch(`/ahead/${task()}`)).text()).querySelectorAll("#card")];
    return cards.find((one) => one.dataset.item === wanted);
  } catch { return null; }
}

// ---- actions
const isUnchanged = () => JSON.stringify(entered()) === asGiven;
function save() {
  if (!item() || card().querySelector(".answer button.main").disabled) return;
  const open = unanswered();
  if (open) { activate(open); return complain(`${open.dataset.name}: the question is not answered.`); }
  const content = { item: item(), token: crypto.randomUUID(), answer: entered(), seconds: seconds(), guideline: Number(card().dataset.guideline) };
  if (purpose() === "check") return judge(isUnchanged() ? "accepted" : "corrected", content);
  return deliverAndGoOn(`/answers/${task()}`, content, async (said) => {
    last = { number: said.number, item: content.item, answer: content.answer };
    if (said.feedback) await tell(said.feedback);
  });
}
function judge(verdict, content) {
  const number = Number(card().dataset.answer);
  return deliverAndGoOn(`/verdicts/${task()}`, { ...content, number, verdict }, () => {});
}
async function undo() {
  const number = last?.number ?? Number(card().dataset.last);
  if (!number || purpose() === "check") return;
  if (unsent()) return say("Your last answer is not saved yet. Take it back when the server answers again.", { fault: true });
  const before = last;
  const { kept, said } = await deliver(`/undo/${task()}`, { number }).settled;
  if (!kept) return complain(said.error);
  last = null;
  answeredAt.delete(said.item);
  if (said.purpose !== purpose()) return location.assign(`/${said.purpose === "reading" ? "read" : "decide"}/${task()}`);
  const put = ahead;
  if (item()) put.unshift(card());
  ahead = [];
  await next();
  ahead = put.filter((one) => one.dataset.item !== item());
  if (before && before.item === item()) fill(before.answer);
  say("Your last answer was taken back.");
}
function takeOver() { // what was suggested, put into the questions
  if (!card().dataset.suggestion) return false;
  fill(JSON.parse(card().dataset.suggestion));
  nameCodes(card());
  return true;
}
function skip(reason) {
  document.getElementById("skip-dialog").close();
  if (item()) deliverAndGoOn(`/skip/${task()}`, { item: item(), reason }, () => {});
}
async function tell({ right, answer }) { // what a gold item was there for
  const dialog = document.getElementById("feedback-dialog");
  document.getElementById("feedback-says").textContent = right ? "Your answer is the expected one." : "The expected answer is another one:";
  document.getElementById("feedback-answer").replaceChildren(...(right ? [] : Object.entries(answer)).flatMap(([name, value]) => {
    const what = document.createElement("dt"), words = document.createElement("dd");
    what.textContent = name;
    words.textContent = value?.spans ? value.spans.map((span) => `${span.label}: ${span.quote ?? `${span.start}–${span.end}`}`).join("; ") : typeof value === "object" ? JSON.stringify(value) : value;
    return [what, words];
  }));
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
}
function open(dialog) {
  dialog.returnValue = "";
  const box = dialog.querySelector("textarea");
  if (box) box.value = "";
  dialog.showModal();
}
document.getElementById("return-dialog").addEventListener("close", (event) => {
  if (event.target.returnValue !== "send") return;
  judge("returned", { item: item(), comment: event.target.querySelector("textarea").value });
});
document.getElementById("ask-dialog").addEventListener("close", async (event) => {
  if (event.target.returnValue !== "send") return;
  const content = { item: item(), text: event.target.querySelector("textarea").value, token: crypto.randomUUID() };
  const { kept, said } = await deliver(`/questions/${task()}`, content).settled;
  say(kept ? "Asked. The answer will stand beside the guideline." : said.error, { fault: !kept });
});

function activate(question) {
  for (const one of questions()) one.classList.toggle("active", one === question);
  showTurn();
}
function showTurn() { // the turn of a conversation that the next digit rates
  const rated = active()?.dataset.kind === "turns" ? [...active().querySelectorAll(".rated")] : [];
  const now = rated.find((part) => !part.querySelector("input:checked"));
  const turns = [...card().querySelectorAll(".turn")];
  for (const turn of turns) turn.classList.toggle("now", turn === turns[now?.dataset.criterion]);
  turns[now?.dataset.criterion]?.scrollIntoView({ block: "nearest" });
}
function goOn(question) {
  const all = questions(), following = all[all.indexOf(question) + 1];
  if (following) activate(following);
  else if (card().dataset.quick && all.length === 1) save();
}
const outputMarks = () => questions().find((question) => question.dataset.kind === "output_marks");
function digit(number) {
  // Selected words are meant to be marked, whichever question is the next to be answered.
  const question = outputMarks() && marksSelection(outputMarks()) ? outputMarks() : active();
  if (!question) return;
  if (question.dataset.kind === "choice") {
    const input = question.querySelectorAll("input")[number - 1];
    if (!input) return;
    input.checked = question.dataset.multiple ? !input.checked : true;
    if (!question.dataset.multiple) goOn(question);
  } else if (["spans", "output_marks"].includes(question.dataset.kind)) {
    const button = question.querySelectorAll(".mark")[number - 1];
    if (button) markSelection(question, button);
  } else {
    const parts = [...question.querySelectorAll(".rated")];
    const open = parts.find((part) => !part.querySelector("input:checked")) ?? parts.at(-1);
    const input = [...(open?.querySelectorAll("input") ?? [])].find((one) => one.value === String(number));
    if (input) input.checked = true;
    if (parts.length && parts.every((part) => part.querySelector("input:checked"))) goOn(question);
    showTurn();
  }
  tellWhatSavingDoes();
}
function tellWhatSavingDoes() {
  const button = card().querySelector("button[data-correct]");
  if (button) button.querySelector("span").textContent = isUnchanged() ? button.dataset.accept : button.dataset.correct;
}
const spansQuestion = () => [active(), ...questions()].find((question) => question?.dataset.kind === "spans");
const keys = {
  u: undo,
  a: () => { if (takeOver()) save(); },
  c: () => { if (takeOver()) say("Change what is wrong, then save."); },
  s: () => document.getElementById("skip") && open(document.getElementById("skip-dialog")),
  q: () => document.getElementById("ask") && open(document.getElementById("ask-dialog")),
  r: () => {
    if (document.getElementById("return")) return open(document.getElementById("return-dialog"));
    const question = spansQuestion();
    if (question?.dataset.relations) relate(question, question.querySelector("select.relation").value);
  },
  e: () => { const question = spansQuestion(); if (question) markEverywhere(question); },
  g: () => { const box = card().querySelector(".guideline details"); if (box) box.open = !box.open; },
  o: () => { if (outputMarks()) nextOutput(outputMarks()); },
  x: () => { const question = outputMarks() ?? spansQuestion(); if (question) removeLast(question); },
  n: () => openBeside(1),
  p: () => openBeside(-1),
  b: closeBeside,
  "?": () => open(document.getElementById("help-dialog")),
};

document.addEventListener("keydown", (event) => {
  const dialog = document.querySelector("dialog[open]");
  if (event.altKey || event.metaKey || event.isComposing) return;
  if (dialog) {
    const reason = dialog.querySelectorAll("[data-reason]")[Number(event.key) - 1];
    if (reason) { event.preventDefault(); skip(reason.dataset.reason); }
    if (event.key === "Enter" && event.ctrlKey) dialog.querySelector("button.main")?.click();
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || !event.target.matches("textarea, button, a, summary, .search"))) {
    event.preventDefault();
    return save();
  }
  if (event.ctrlKey || typing(event.target)) return;
  if (event.target.matches("[data-field]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    return moveInText(event);
  }
  if (/^[0-9]$/.test(event.key)) { event.preventDefault(); return digit(Number(event.key)); }
  const action = keys[event.key];
  if (action) { event.preventDefault(); action(); tellWhatSavingDoes(); }
});
document.addEventListener("focusin", (event) => {
  const question = event.target.closest(".question");
  if (question) activate(question);
});
document.addEventListener("mouseup", markHeld);
// A click on a label must not lose the selection it is to mark.
document.addEventListener("mousedown", (event) => { if (event.target.closest(".mark")) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  // After a click with the mouse, Enter is to save and not to press the same thing again.
  if (event.detail && !event.target.closest("dialog")) event.target.closest("button, summary")?.blur();
  if (!button) return;
  if (button.matches(".mark")) { const question = button.closest(".question"); activate(question); markSelection(question, button); }
  else if (button.dataset.reason) skip(button.dataset.reason);
  else if (button.id === "skip") keys.s();
  else if (button.id === "undo") undo();
  else if (button.id === "accept") keys.a();
  else if (button.id === "copy") keys.c();
  else if (button.id === "ask") keys.q();
  else if (button.id === "return") keys.r();
  else if (button.id === "help") keys["?"]();
  tellWhatSavingDoes();
});
// With the arrow keys one passes labels that one does not mean, so of labels pressed the mouse's alone save at once.
let byMouse = false;
document.addEventListener("pointerdown", () => { byMouse = true; });
document.addEventListener("keydown", () => { byMouse = false; }, true);
document.addEventListener("input", (event) => {
  tellWhatSavingDoes();
  const isOneLabel = event.target.closest(".question[data-kind=choice]:not([data-multiple])");
  if (isOneLabel && byMouse && card().dataset.quick && questions().length === 1) save();
});
// Once a relation is chosen, keys mark and relate again instead of choosing another.
document.addEventListener("change", (event) => { if (event.target.matches("select.relation, select.about")) event.target.blur(); });
document.addEventListener("submit", (event) => {
  if (event.target.id === "answer") { event.preventDefault(); save(); }
});
begin();
document.documentElement.dataset.ready = "yes"; // for those who press keys by program
