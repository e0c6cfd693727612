// Marks on texts and the relations between them. Offsets are code points of the text as it was stored.
import { card, questions, say } from "./talk.js";

const drawn = new WeakMap(); // question -> {spans: [{field, start, end, label, quote, colour}], relations: [{source, target, label}]}
const points = (text) => Array.from(text).length;
const colourOf = (question, label) => [...question.querySelectorAll(".mark")].find((mark) => mark.dataset.label === label)?.dataset.colour ?? 0;

const isMarked = (question) => ["spans", "output_marks"].includes(question?.dataset.kind);

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
// Of outputs: which one a mark is about. Its own box says it; for words of the source the question does.
function outputOf(question, field) {
  return field.startsWith("output:") ? field.slice("output:".length) : question.querySelector("select.about")?.value;
}
const nameOf = (question, output) => [...question.querySelectorAll("select.about option")].find((one) => one.value === output)?.textContent;
// A mark on an output has one severity for each kind: another one replaces it.
const kindOf = (span) => (span.output ? span.label.split(",")[0] : span.label);
const isAt = (other, span) => ["field", "start", "end", "output"].every((part) => other[part] === span[part]) && kindOf(other) === kindOf(span);
function add(question, span) {
  const mine = of(question).spans;
  const at = mine.findIndex((other) => isAt(other, span));
  if (at < 0) mine.push(span);
  else if (mine[at].label !== span.label) mine[at] = span;
}
export const marksSelection = (question) => isMarked(question) && selected() !== null;
export function markSelection(question, button) {
  const span = selected();
  if (!span) return hold(question, button);
  const fields = (button.dataset.fields ?? question.querySelector(".marked").dataset.fields).split(" ");
  if (!fields.includes(span.field)) return say("This part of the item is not to be marked so.");
  const output = outputOf(question, span.field);
  add(question, { ...span, label: button.dataset.label, colour: button.dataset.colour, ...(output && { output }) });
  say("");
  showMarks();
  caretAt(boxOf(span.field), span.end);
}
// A label that is chosen while no text is selected marks what the mouse selects from then on, until it is chosen again.
let held = null; // {name, label}: it stays from one item to the next
const isHeld = (question, button) => held?.name === question.dataset.name && held.label === button.dataset.label;
function hold(question, button) {
  held = isHeld(question, button) ? null : { name: question.dataset.name, label: button.dataset.label };
  say(held ? `What you select with the mouse is marked ${held.label}, until you choose it again.` : "");
  showHeld();
}
export function showHeld() {
  for (const question of questions())
    for (const button of question.querySelectorAll(".mark")) button.setAttribute("aria-pressed", isHeld(question, button));
}
export function markHeld() {
  const question = held && questions().find((one) => one.dataset.name === held.name);
  const button = question && [...question.querySelectorAll(".mark")].find((one) => isHeld(question, one));
  if (button && selected()) markSelection(question, button);
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
  const asked = questions().filter(isMarked);
  const all = asked.flatMap((question) => of(question).spans);
  for (const box of card().querySelectorAll("[data-field]")) paint(box, all.filter((span) => span.field === box.dataset.field));
  for (const question of asked) {
    const { spans, relations } = of(question);
    const rows = spans.map((span) => {
      const row = rowOf(span, () => spanRow(question, span));
      row.classList.toggle("from", chosen?.span === span);
      return row;
    });
    arrange(question.querySelector(".marked"), [...rows, ...relations.map((one) => rowOf(one, () => relationRow(question, one)))]);
  }
}
const rowsMade = new WeakMap(); // span or relation -> its row: a text may have hundreds
function rowOf(what, make) {
  if (!rowsMade.has(what)) rowsMade.set(what, make());
  return rowsMade.get(what);
}
function arrange(list, wanted) {
  wanted.forEach((row, place) => { if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null); });
  while (list.children.length > wanted.length) list.lastElementChild.remove();
}
function spanRow(question, span) {
  const where = span.output && nameOf(question, span.output);
  const line = rowWith(`${where ? `${where} · ` : ""}${span.label}: ${span.quote}`, `colour-${span.colour}`);
  if (question.dataset.kind === "spans") addButton(line, "all", "The same words everywhere", () => markEverywhere(question, span));
  if (question.dataset.relations) addButton(line, "→", "A relation from or to here", () => chooseForRelation(question, span));
  addButton(line, "×", "Remove", () => removeSpan(question, of(question).spans.indexOf(span)));
  return line;
}
function relationRow(question, one) {
  const { spans, relations } = of(question);
  const line = rowWith(`${spans[one.source].quote} — ${one.label} → ${spans[one.target].quote}`, "relation");
  addButton(line, "×", "Remove", () => { relations.splice(relations.indexOf(one), 1); showMarks(); });
  return line;
}
function rowWith(text, kind) {
  const line = document.createElement("li"), words = document.createElement("span");
  line.className = kind;
  words.textContent = text;
  line.append(words);
  return line;
}
function addButton(line, sign, says, act) {
  const made = document.createElement("button");
  made.type = "button"; made.className = "plain"; made.textContent = sign; made.title = says;
  made.setAttribute("aria-label", `${says}: ${line.firstChild.textContent}`);
  made.addEventListener("click", act);
  line.append(made);
}
// With the mouse: the first arrow chooses where a relation begins, the second where it ends.
let chosen = null;
function chooseForRelation(question, span) {
  if (chosen?.question === question && chosen.span !== span) {
    const { spans } = of(question), ends = [spans.indexOf(chosen.span), spans.indexOf(span)];
    chosen = null;
    relate(question, question.querySelector("select.relation").value, ends);
  } else {
    chosen = chosen ? null : { question, span };
  }
  showMarks();
}

// ---- painting: a text is cut into pieces, and only those whose marks changed are made anew
const PIECE = 2000; // code points, at the least
const divided = new WeakMap(); // box -> {text, pieces: [{start, end, element, marks}]}
function piecesOf(box) {
  if (divided.has(box)) return divided.get(box);
  const text = Array.from(box.textContent), pieces = [];
  for (let start = 0; start < text.length;) {
    const line = text.indexOf("\n", Math.min(start + PIECE, text.length - 1));
    const end = line < 0 || line > start + 5 * PIECE ? Math.min(start + 5 * PIECE, text.length) : line + 1;
    const element = document.createElement("span");
    element.textContent = text.slice(start, end).join("");
    if (text[end - 1] === "\n") element.className = "piece"; // laid out by itself
    pieces.push({ start, end, element, marks: "" });
    start = end;
  }
  box.replaceChildren(...pieces.map((piece) => piece.element));
  divided.set(box, { text, pieces });
  return divided.get(box);
}
function paint(box, spans) {
  if (!spans.length && !divided.has(box)) return;
  const { text, pieces } = piecesOf(box);
  for (const piece of pieces) {
    const over = spans.filter((span) => span.start < piece.end && piece.start < span.end);
    const marks = JSON.stringify(over.map((span) => [span.start, span.end, span.label]));
    if (marks === (piece.marks || "[]")) continue;
    piece.marks = marks;
    piece.element.replaceChildren(...painted(text, piece, over));
  }
}
function painted(text, { start: from, end: to }, spans) {
  const inside = spans.flatMap((span) => [span.start, span.end]).filter((edge) => from < edge && edge < to);
  const edges = [...new Set([from, ...inside, to])].sort((a, b) => a - b);
  return edges.slice(1).map((end, place) => {
    const start = edges[place], words = text.slice(start, end).join("");
    const over = spans.filter((span) => span.start <= start && end <= span.end);
    if (!over.length) return document.createTextNode(words);
    const mark = document.createElement("mark");
    mark.className = `colour-${over.at(-1).colour}${over.length > 1 ? " many" : ""}`;
    mark.title = over.map((span) => span.label).join(", ");
    mark.textContent = words;
    return mark;
  });
}
export function caretAt(box, point) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let left = (divided.get(box)?.text ?? Array.from(box.textContent)).slice(0, point).join("").length;
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
