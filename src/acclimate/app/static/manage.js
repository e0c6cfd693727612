"use strict";
// The manager's pages: questions appear as they are needed, a preview follows the form, a file fills the records' box.

function showWhatTheKindNeeds(drawn) {
  const kind = drawn.querySelector("select[name^=kind]").value;
  for (const part of drawn.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind);
}

let previews = 0;
async function preview(form) {
  const mine = ++previews;
  const fault = document.getElementById("preview-fault");
  const response = await fetch("/new-task/preview", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (mine !== previews) return; // a later one is on its way
  if (response.ok) document.getElementById("preview").replaceWith(page.getElementById("preview"));
  fault.textContent = response.ok ? "" : page.querySelector(".says")?.textContent ?? "";
}

const form = document.getElementById("draw");
if (form) {
  for (const drawn of form.querySelectorAll(".drawn")) showWhatTheKindNeeds(drawn);
  let waiting;
  form.addEventListener("input", (event) => {
    const drawn = event.target.closest(".drawn");
    if (drawn) showWhatTheKindNeeds(drawn);
    clearTimeout(waiting);
    waiting = setTimeout(() => preview(form).catch(() => {}), 300);
  });
  document.getElementById("more").addEventListener("click", (event) => {
    const next = form.querySelector(".drawn[hidden]");
    next.hidden = false;
    next.querySelector("input").focus();
    event.target.disabled = !form.querySelector(".drawn[hidden]");
  });
}

const file = document.getElementById("file");
if (file) {
  file.addEventListener("change", async () => {
    const box = document.getElementById(file.dataset.fills);
    try {
      box.setCustomValidity("");
      box.value = new TextDecoder("utf-8", { fatal: true }).decode(await file.files[0].arrayBuffer());
    } catch {
      box.setCustomValidity("This file is not UTF-8 text. Save it as UTF-8 and choose it again.");
      box.reportValidity();
      box.addEventListener("input", () => box.setCustomValidity(""), { once: true });
    }
  });
}

document.getElementById("link")?.select();
