// Marks on texts and the relations between them. Offsets are code points of the text as it was stored.
import { card, questions, say } from "./talk.js";

const drawn = new WeakMap(); // question -> {spans: [{field, start, end, label, quote, colour}], relations: [{source, target, label}]}
const points = (text) => Array.from(text).length;
const colourOf = (question, label) => [...question.querySelectorAll(".mark")].find((mark) => mark.dataset.label === label)?.dataset.colour ?? 0;

export function of(question) {
  if (!drawn.has(question)) drawn.set(question, { spans: [], relations: [] });
  return drawn.get(question);
}
export function spansOf(question) {
  const { spans, relations } = of(question);
  return { spans: spans.map(({ colour, ...span }) => span), relations: relations.map((relation) => ({ ...relation })) };
}
export function fillSpans(question, { spans, relations }) {
  const text = (span) => Array.from(boxOf(span.field ?? "text")?.textContent ?? "").slice(span.start, span.end).join("");
  drawn.set(question, {
    spans: spans.map((span) => ({ ...span, field: span.field ?? "text", quote: span.quote ?? text(span), colour: colourOf(question, span.label) })),
    relations: (relations ?? []).map((relation) => ({ ...relation })),
  });
  showMarks();
}
const boxOf = (field) => card().querySelector(`[data-field="${CSS.escape(field)}"]`);

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
const isAt = (other, span) => other.field === span.field && other.start === span.start && other.end === span.end && other.label === span.label;
function add(question, span) {
  const mine = of(question).spans;
  if (!mine.some((other) => isAt(other, span))) mine.push(span);
}
export function markSelection(question, button) {
  const span = selected();
  if (!span) return say("Select some text first.");
  const fields = question.querySelector(".marked").dataset.fields.split(" ");
  if (!fields.includes(span.field)) return say("This part of the item is not to be marked.");
  add(question, { ...span, label: button.dataset.label, colour: button.dataset.colour });
  say("");
  showMarks();
  caretAt(boxOf(span.field), span.end);
}
// The same words wherever they stand as words of their own, in every field that is marked.
export function markEverywhere(question, span = of(question).spans.at(-1)) {
  if (!span) return say("Mark it once first.");
  const before = of(question).spans.length;
  const inWord = (character) => character !== undefined && /[\p{L}\p{N}_]/u.test(character);
  for (const field of question.querySelector(".marked").dataset.fields.split(" ")) {
    const text = boxOf(field)?.textContent ?? "";
    let at = 0, start = 0; // `start` counts code points up to the code unit `at`
    for (let found = text.indexOf(span.quote); found >= 0; found = text.indexOf(span.quote, found + span.quote.length)) {
      start += points(text.slice(at, found));
      at = found;
      const cut = (inWord(text[found - 1]) && inWord(span.quote[0])) || (inWord(text[found + span.quote.length]) && inWord(span.quote.at(-1)));
      if (!cut) add(question, { ...span, field, start, end: start + points(span.quote) });
    }
  }
  say(`${of(question).spans.length - before} more marked.`);
  showMarks();
}
export function relate(question, label, [source, target] = [of(question).spans.length - 2, of(question).spans.length - 1]) {
  if (source < 0 || source === target) return say("A relation needs two marks.");
  const relations = of(question).relations;
  if (!relations.some((one) => one.source === source && one.target === target && one.label === label)) relations.push({ source, target, label });
  say("");
  showMarks();
}
function removeSpan(question, place) {
  const mine = of(question), moved = (at) => at - (at > place);
  mine.spans.splice(place, 1);
  mine.relations = mine.relations.filter(({ source, target }) => source !== place && target !== place)
    .map((relation) => ({ ...relation, source: moved(relation.source), target: moved(relation.target) }));
  showMarks();
}
export function removeLast(question) {
  const mine = of(question);
  if (mine.relations.length) { mine.relations.pop(); return showMarks(); }
  if (mine.spans.length) removeSpan(question, mine.spans.length - 1);
}

export function showMarks() {
  const asked = questions().filter((one) => one.dataset.kind === "spans");
  const all = asked.flatMap((question) => of(question).spans);
  for (const box of card().querySelectorAll("[data-field]")) paint(box, all.filter((span) => span.field === box.dataset.field));
  for (const question of asked) {
    const mine = of(question);
    const rows = mine.spans.map((span, place) => row(`${span.label}: ${span.quote}`, span.colour, {
      remove: () => removeSpan(question, place),
      everywhere: () => markEverywhere(question, span),
      relate: question.dataset.relations ? () => chooseForRelation(question, place) : null,
      chosen: chosen?.question === question && chosen.place === place,
    }));
    const arrows = mine.relations.map((one, place) => row(`${mine.spans[one.source].quote} — ${one.label} → ${mine.spans[one.target].quote}`, null, {
      remove: () => { mine.relations.splice(place, 1); showMarks(); },
    }));
    question.querySelector(".marked").replaceChildren(...rows, ...arrows);
  }
}
function row(text, colour, { remove, everywhere, relate: pick, chosen: isChosen }) {
  const line = document.createElement("li"), words = document.createElement("span");
  line.className = colour === null ? "relation" : `colour-${colour}`;
  line.classList.toggle("from", !!isChosen);
  words.textContent = text;
  line.append(words);
  const button = (sign, says, act) => {
    const made = document.createElement("button");
    made.type = "button"; made.className = "plain"; made.textContent = sign; made.title = says;
    made.setAttribute("aria-label", `${says}: ${text}`);
    made.addEventListener("click", act);
    line.append(made);
  };
  if (everywhere) button("∀", "The same words everywhere", everywhere);
  if (pick) button("→", "A relation from or to here", pick);
  button("×", "Remove", remove);
  return line;
}
// With the mouse: the first arrow chooses where a relation begins, the second where it ends; the label is the one pressed last.
let chosen = null;
function chooseForRelation(question, place) {
  if (chosen?.question === question && chosen.place !== place) {
    relate(question, question.querySelector("select.relation")?.value ?? relationLabels(question)[0], [chosen.place, place]);
    chosen = null;
  } else {
    chosen = chosen ? null : { question, place };
  }
  showMarks();
}
export const relationLabels = (question) => JSON.parse(question.dataset.relations ?? "[]");

function paint(box, spans) {
  const text = Array.from(box.textContent);
  const opening = [...spans].sort((a, b) => a.start - b.start);
  const edges = [...new Set([0, text.length, ...spans.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const parts = [];
  let over = [], next = 0;
  for (let place = 1; place < edges.length; place += 1) {
    const start = edges[place - 1], end = edges[place];
    over = over.filter((span) => span.end > start);
    while (next < opening.length && opening[next].start <= start) over.push(opening[next++]);
    const words = text.slice(start, end).join("");
    if (!over.length) { parts.push(document.createTextNode(words)); continue; }
    const mark = document.createElement("mark");
    mark.className = `colour-${over.at(-1).colour}${over.length > 1 ? " many" : ""}`;
    mark.title = over.map((span) => span.label).join(", ");
    mark.textContent = words;
    parts.push(mark);
  }
  box.replaceChildren(...parts);
}
export function caretAt(box, point) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let left = Array.from(box.textContent).slice(0, point).join("").length;
  while (walker.nextNode()) {
    if (left <= walker.currentNode.length) return getSelection().collapse(walker.currentNode, left);
    left -= walker.currentNode.length;
  }
}
export function moveInText(event) {
  const selection = getSelection();
  if (!event.target.contains(selection.anchorNode)) caretAt(event.target, 0);
  const direction = event.key === "ArrowLeft" ? "backward" : "forward";
  selection.modify(event.shiftKey ? "extend" : "move", direction, "word");
}
