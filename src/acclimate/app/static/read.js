"use strict";
// The page on which people read and answer. Answers wait in this page's memory alone until the server has them:
// nothing that may name a person is put into the browser's storage.

const RETRY_MS = 2000;
const unsent = []; // answers that the server has not acknowledged, oldest first
let formToken = document.querySelector("meta[name=form-token]").content;
let last = null; // the newest answer that was acknowledged: {number, item, answer}
let marks = new Map(); // question name -> [{field, start, end, label, quote, colour}]
let worked = 0, since = performance.now(), sending = false;

const card = () => document.getElementById("card");
const item = () => card().dataset.item;
const task = () => encodeURIComponent(card().dataset.task);
const questions = () => [...card().querySelectorAll(".question")];
const typing = (target) => target.matches("textarea, select, input:not([type=radio], [type=checkbox])");

// ---- time: counted while the page is in view
document.addEventListener("visibilitychange", () => {
  if (document.hidden) worked += performance.now() - since;
  since = performance.now();
});
const seconds = () => (worked + (document.hidden ? 0 : performance.now() - since)) / 1000;

// ---- what was entered
function valueOf(question) {
  const checked = (part) => [...part.querySelectorAll("input:checked")].map((input) => input.value);
  switch (question.dataset.kind) {
    case "choice": return question.dataset.multiple ? checked(question) : checked(question)[0] ?? null;
    case "spans": return { spans: (marks.get(question.dataset.name) ?? []).map(({ colour, ...span }) => span), relations: [] };
    case "text": return question.querySelector("textarea").value || null;
    case "codes": return question.querySelector("input").value.split(",").map((code) => code.trim()).filter(Boolean);
    case "ranking": return ranked(question);
    default: return rated(question, checked);
  }
}
function rated(question, checked) {
  const found = {};
  for (const part of question.querySelectorAll(".rated")) {
    const [value] = checked(part);
    if (value !== undefined) found[part.dataset.criterion] = Number(value);
  }
  return Object.keys(found).length ? found : null;
}
function ranked(question) {
  const groups = new Map();
  for (const part of question.querySelectorAll(".rated")) {
    const input = part.querySelector("input:checked");
    if (!input) continue;
    groups.set(Number(input.value), [...(groups.get(Number(input.value)) ?? []), part.dataset.candidate]);
  }
  const order = [...groups.keys()].sort((a, b) => a - b);
  return order.length ? order.map((rank) => groups.get(rank)) : null;
}
function entered() {
  const answer = {};
  for (const question of questions()) {
    const value = valueOf(question);
    if (value !== null && !(Array.isArray(value) && !value.length && !question.dataset.required)) answer[question.dataset.name] = value;
  }
  return answer;
}
function fill(answer) {
  for (const question of questions()) {
    const value = answer[question.dataset.name];
    if (value === undefined) continue;
    const check = (part, wanted) => {
      for (const input of part.querySelectorAll("input")) input.checked = wanted.map(String).includes(input.value);
    };
    if (question.dataset.kind === "choice") check(question, [value].flat());
    if (question.dataset.kind === "text") question.querySelector("textarea").value = value;
    if (question.dataset.kind === "codes") question.querySelector("input").value = value.join(", ");
    if (question.dataset.kind === "spans") {
      marks.set(question.dataset.name, value.spans.map((span) => ({ ...span, colour: colourOf(question, span.label) })));
      showMarks();
    }
    for (const part of question.querySelectorAll(".rated")) {
      const rank = (groups) => groups.findIndex((group) => group.includes(part.dataset.candidate)) + 1;
      check(part, [question.dataset.kind === "ranking" ? rank(value) : value[part.dataset.criterion]]);
    }
  }
}

// ---- spans: offsets are code points of the text as it was stored
const points = (text) => Array.from(text).length;
const colourOf = (question, label) => [...question.querySelectorAll(".mark")].find((mark) => mark.dataset.label === label)?.dataset.colour ?? 0;
function selected() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const box = (range.startContainer.nodeType === 3 ? range.startContainer.parentElement : range.startContainer).closest("[data-field]");
  if (!box || !box.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.selectNodeContents(box);
  before.setEnd(range.startContainer, range.startOffset);
  let start = points(before.toString()), quote = range.toString();
  const blank = quote.match(/^\s*/)[0];
  start += points(blank);
  quote = quote.trim();
  return quote ? { field: box.dataset.field, start, end: start + points(quote), quote } : null;
}
function markSelection(question, button) {
  const span = selected();
  if (!span) return say("Select some text first.");
  const mine = marks.get(question.dataset.name) ?? [];
  const fields = question.querySelector(".marked").dataset.fields.split(" ");
  if (!fields.includes(span.field)) return say("This part of the item is not to be marked.");
  const same = mine.some((other) => other.field === span.field && other.start === span.start && other.end === span.end && other.label === button.dataset.label);
  if (!same) mine.push({ ...span, label: button.dataset.label, colour: button.dataset.colour });
  marks.set(question.dataset.name, mine);
  const box = card().querySelector(`[data-field="${CSS.escape(span.field)}"]`);
  showMarks();
  caretAt(box, span.end);
}
function showMarks() {
  for (const box of card().querySelectorAll("[data-field]")) paint(box, [...marks.values()].flat().filter((span) => span.field === box.dataset.field));
  for (const question of questions().filter((one) => one.dataset.kind === "spans")) {
    const mine = marks.get(question.dataset.name) ?? [];
    question.querySelector(".marked").replaceChildren(...mine.map((span, place) => {
      const row = document.createElement("li"), remove = document.createElement("button"), words = document.createElement("span");
      row.className = `colour-${span.colour}`;
      words.textContent = `${span.label}: ${span.quote}`;
      remove.type = "button"; remove.className = "plain"; remove.textContent = "×";
      remove.setAttribute("aria-label", `Remove ${span.label}: ${span.quote}`);
      remove.addEventListener("click", () => { mine.splice(place, 1); showMarks(); });
      row.append(words, remove);
      return row;
    }));
  }
}
function paint(box, spans) {
  const text = Array.from(box.textContent);
  const edges = [...new Set([0, text.length, ...spans.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const parts = edges.slice(1).map((end, place) => {
    const start = edges[place], words = text.slice(start, end).join("");
    const over = spans.filter((span) => span.start <= start && end <= span.end);
    if (!over.length) return document.createTextNode(words);
    const mark = document.createElement("mark");
    mark.className = `colour-${over.at(-1).colour}${over.length > 1 ? " many" : ""}`;
    mark.title = over.map((span) => span.label).join(", ");
    mark.textContent = words;
    return mark;
  });
  box.replaceChildren(...parts);
}
function caretAt(box, point) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let left = Array.from(box.textContent).slice(0, point).join("").length;
  while (walker.nextNode()) {
    if (left <= walker.currentNode.length) return getSelection().collapse(walker.currentNode, left);
    left -= walker.currentNode.length;
  }
}
function moveInText(event) {
  const selection = getSelection();
  if (!event.target.contains(selection.anchorNode)) caretAt(event.target, 0);
  const direction = event.key === "ArrowLeft" ? "backward" : "forward";
  selection.modify(event.shiftKey ? "extend" : "move", direction, "word");
}

// ---- talk
function say(text, { fault = false } = {}) {
  const status = document.getElementById("status");
  status.textContent = text;
  status.classList.toggle("waiting", fault);
}
function complain(text) {
  const box = document.getElementById("fault");
  if (!box) return say(text, { fault: true });
  box.textContent = text;
  box.hidden = !text;
}
async function post(path, content) {
  const response = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json", "x-form-token": formToken }, body: JSON.stringify(content),
  });
  return { status: response.status, said: await response.json().catch(() => ({})) };
}

// ---- sending: in order, again and again with the same token, until the server has said yes or no
async function send() {
  if (sending) return;
  sending = true;
  while (unsent.length) {
    const { path, content, then } = unsent[0];
    let outcome;
    try { outcome = await post(path, content); } catch { outcome = { status: 0, said: {} }; }
    if (outcome.status === 0 || outcome.status >= 500) {
      say(`The server does not answer. ${unsent.length} not saved yet: keep this page open, it tries again.`, { fault: true });
      await pause();
    } else if (outcome.status === 401 || (outcome.status === 403 && await renewed())) {
      if (outcome.status === 401) {
        say(outcome.said.error, { fault: true });
        await pause();
        await renewed();
      }
    } else {
      unsent.shift();
      say("");
      await then(outcome.status < 300, outcome.said);
    }
  }
  sending = false;
}
const pause = () => new Promise((done) => setTimeout(done, RETRY_MS));
async function renewed() { // whether the session has another form token by now, as after signing in anew
  try {
    const response = await fetch("/form-token", { headers: { "content-type": "application/json" } });
    if (!response.ok) return false;
    const { form_token: fresh, person } = await response.json();
    if (person !== card().dataset.person) {
      say(`${person} is signed in now. Sign in as ${card().dataset.person} to save what waits here.`, { fault: true });
      await pause();
      return unsent.length > 0;
    }
    const changed = fresh !== formToken;
    formToken = fresh;
    return changed;
  } catch { return false; }
}
addEventListener("beforeunload", (event) => { if (unsent.length) event.preventDefault(); });

// ---- actions
function save() {
  if (!item() || unsent.length) return;
  complain("");
  const content = { item: item(), token: crypto.randomUUID(), answer: entered(), seconds: seconds() };
  busy(true);
  unsent.push({ path: `/answers/${task()}`, content, then: async (kept, said) => {
    if (!kept) { busy(false); return complain(said.error); }
    last = { number: said.number, item: content.item, answer: content.answer };
    await next();
  } });
  send();
}
function undo() {
  const number = last?.number ?? Number(card().dataset.last);
  if (!number || unsent.length) return;
  const before = last;
  unsent.push({ path: `/undo/${task()}`, content: { number }, then: async (done, said) => {
    if (!done) return complain(said.error);
    last = null;
    if (said.purpose !== card().dataset.purpose) return location.assign(`/${said.purpose === "reading" ? "read" : "decide"}/${task()}`);
    await next();
    if (before && before.item === item()) fill(before.answer);
    say("Your last answer was taken back.");
  } });
  send();
}
function skip(reason) {
  document.getElementById("skip-dialog").close();
  if (!item() || unsent.length) return;
  busy(true);
  unsent.push({ path: `/skip/${task()}`, content: { item: item(), reason }, then: async (done, said) => {
    if (!done) { busy(false); return complain(said.error); }
    await next();
  } });
  send();
}
function busy(yes) {
  for (const button of card().querySelectorAll(".answer button")) button.disabled = yes || (button.id === "undo" && !last && !card().dataset.last);
}
async function next() {
  for (;;) {
    try {
      const response = await fetch(location.pathname);
      if (response.redirected) { location.reload(); return; }
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.getElementById("card");
      if (!fresh) { complain(page.querySelector(".says")?.textContent ?? "The next item could not be fetched."); return; }
      card().replaceWith(document.adoptNode(fresh));
      begin();
      return;
    } catch {
      say("Saved. The server does not answer; the next item comes when it does.", { fault: true });
      await pause();
    }
  }
}
function activate(question) {
  for (const one of questions()) one.classList.toggle("active", one === question);
}
function active() { return card().querySelector(".question.active"); }
function begin() {
  marks = new Map();
  worked = 0;
  since = performance.now();
  activate(questions()[0]);
  scrollTo(0, 0);
  const text = card().querySelector(".text[data-field]");
  if (questions()[0]?.dataset.kind === "spans") text?.focus();
}
function goOn(question) {
  const all = questions(), following = all[all.indexOf(question) + 1];
  if (following) activate(following);
}
function digit(number) {
  const question = active();
  if (!question) return;
  if (question.dataset.kind === "choice") {
    const input = question.querySelectorAll("input")[number - 1];
    if (!input) return;
    input.checked = question.dataset.multiple ? !input.checked : true;
    if (!question.dataset.multiple) goOn(question);
  } else if (question.dataset.kind === "spans") {
    const button = question.querySelectorAll(".mark")[number - 1];
    if (button) markSelection(question, button);
  } else {
    const parts = [...question.querySelectorAll(".rated")];
    const open = parts.find((part) => !part.querySelector("input:checked")) ?? parts.at(-1);
    const input = [...(open?.querySelectorAll("input") ?? [])].find((one) => one.value === String(number));
    if (input) input.checked = true;
    if (parts.length && parts.every((part) => part.querySelector("input:checked"))) goOn(question);
  }
}
const keys = {
  u: undo,
  s: () => item() && document.getElementById("skip-dialog").showModal(),
  g: () => { const box = card().querySelector(".guideline"); if (box) box.open = !box.open; },
  x: () => { const mine = marks.get(active()?.dataset.name); if (mine?.pop()) showMarks(); },
  "?": () => document.getElementById("help-dialog").showModal(),
};

document.addEventListener("keydown", (event) => {
  const dialog = document.querySelector("dialog[open]");
  if (event.altKey || event.metaKey || event.isComposing) return;
  if (dialog) {
    const reason = dialog.querySelectorAll("[data-reason]")[Number(event.key) - 1];
    if (reason) { event.preventDefault(); skip(reason.dataset.reason); }
    return;
  }
  if (event.key === "Enter" && (event.ctrlKey || !event.target.matches("textarea, button, a, summary"))) {
    event.preventDefault();
    return save();
  }
  if (event.ctrlKey || typing(event.target)) return;
  if (event.target.matches("[data-field]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    return moveInText(event);
  }
  if (/^[1-9]$/.test(event.key)) { event.preventDefault(); return digit(Number(event.key)); }
  const action = keys[event.key];
  if (action) { event.preventDefault(); action(); }
});
document.addEventListener("focusin", (event) => {
  const question = event.target.closest(".question");
  if (question) activate(question);
});
// A click on a label must not lose the selection it is to mark.
document.addEventListener("mousedown", (event) => { if (event.target.closest(".mark")) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".mark")) { const question = button.closest(".question"); activate(question); markSelection(question, button); }
  else if (button.dataset.reason) skip(button.dataset.reason);
  else if (button.id === "skip") keys.s();
  else if (button.id === "undo") undo();
  else if (button.id === "help") keys["?"]();
});
document.addEventListener("submit", (event) => {
  if (event.target.id === "answer") { event.preventDefault(); save(); }
});
begin();
