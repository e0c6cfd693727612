// What was entered on a card, as the server takes it, and back again.
import { questions } from "./talk.js";
import { fillMarks, marksOf } from "./output_marks.js";
import { fillSpans, spansOf } from "./spans.js";

function valueOf(question) {
  const checked = (part) => [...part.querySelectorAll("input:checked")].map((input) => input.value);
  switch (question.dataset.kind) {
    case "choice": return question.dataset.multiple ? checked(question) : checked(question)[0] ?? null;
    case "spans": return spansOf(question);
    case "output_marks": return marksOf(question);
    case "text": return question.querySelector("textarea").value || null;
    case "codes": return [...question.querySelectorAll(".chosen li")].map((row) => row.dataset.code);
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
const isEmpty = (value) => value === null || (Array.isArray(value) && !value.length);

export function entered() {
  const answer = {};
  for (const question of questions()) {
    const value = valueOf(question);
    if (value !== null && !(isEmpty(value) && !question.dataset.required)) answer[question.dataset.name] = value;
  }
  return answer;
}
export function unanswered() { // the first question that has to be answered and is not
  return questions().find((question) => question.dataset.required && isEmpty(valueOf(question)));
}
export function fill(answer) {
  for (const question of questions()) {
    const value = answer[question.dataset.name];
    if (value === undefined || value === null) continue;
    const check = (part, wanted) => {
      for (const input of part.querySelectorAll("input")) input.checked = wanted.map(String).includes(input.value);
    };
    if (question.dataset.kind === "choice") check(question, [value].flat());
    if (question.dataset.kind === "text") question.querySelector("textarea").value = value;
    if (question.dataset.kind === "codes") {
      question.querySelector(".chosen").replaceChildren();
      for (const code of value) addCode(question, code, "");
    }
    if (question.dataset.kind === "spans") fillSpans(question, value);
    if (question.dataset.kind === "output_marks") fillMarks(question, value);
    for (const part of question.querySelectorAll(".rated")) {
      const rank = (groups) => groups.findIndex((group) => group.includes(part.dataset.candidate)) + 1;
      check(part, [question.dataset.kind === "ranking" ? rank(value) : value[part.dataset.criterion]]);
    }
  }
}
export function addCode(question, code, title) {
  const chosen = question.querySelector(".chosen");
  if ([...chosen.children].some((row) => row.dataset.code === code)) return;
  const row = document.createElement("li"), words = document.createElement("span"), remove = document.createElement("button");
  row.dataset.code = code;
  words.textContent = title ? `${code} ${title}` : code;
  remove.type = "button"; remove.className = "plain"; remove.textContent = "×";
  remove.setAttribute("aria-label", `Remove ${words.textContent}`);
  remove.addEventListener("click", () => row.remove());
  row.append(words, remove);
  chosen.append(row);
}
