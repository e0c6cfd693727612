// Marks on outputs, as the server takes them, and back again. They are drawn as spans, whose label says kind and severity.
import { fillSpans, spansOf } from "./spans.js";

const OUTPUT = "output:"; // how the boxes of outputs are called on the page
const buttons = (question) => [...question.querySelectorAll(".mark")];
const about = (question) => question.querySelector("select.about");

export function marksOf(question) {
  return spansOf(question).spans.map(({ field, start, end, quote, label, output }) => {
    const { kind, severity } = buttons(question).find((button) => button.dataset.label === label).dataset;
    const place = field.startsWith(OUTPUT) ? { output: field.slice(OUTPUT.length), field: "output" } : { output, field };
    return { ...place, start, end, quote, kind, severity };
  });
}
export function fillMarks(question, marks) {
  const spans = marks.map(({ output, field, start, end, quote, kind, severity }) => {
    const { label } = buttons(question).find((button) => button.dataset.kind === kind && button.dataset.severity === severity).dataset;
    return { field: field === "output" ? OUTPUT + output : field, start, end, quote, label, output };
  });
  fillSpans(question, { spans });
}
export function nextOutput(question) { // in which output the marked words of the source are missing
  const select = about(question);
  if (select) select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
}
