"use strict";
// The manager's pages: questions appear as they are needed, a preview follows the form, a file fills its box.

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

for (const file of document.querySelectorAll("input[data-fills]")) {
  file.addEventListener("change", async () => {
    const box = document.getElementById(file.dataset.fills);
    const name = document.getElementById(file.dataset.names);
    try {
      box.setCustomValidity("");
      box.value = new TextDecoder("utf-8", { fatal: true }).decode(await file.files[0].arrayBuffer());
      if (name) name.value = file.files[0].name;
    } catch {
      box.setCustomValidity("This file is not UTF-8 text. Save it as UTF-8 and choose it again.");
      box.reportValidity();
      box.addEventListener("input", () => box.setCustomValidity(""), { once: true });
    }
  });
}

// What is done beside the serving: its part of the page is fetched anew until it has ended.
async function renew(shown) {
  const response = await fetch(location.pathname);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const newer = response.ok && page.getElementById(shown.id);
  if (newer) shown.replaceWith(newer);
}
setInterval(() => {
  for (const shown of document.querySelectorAll("[data-renews]")) renew(shown).catch(() => {});
}, 2000);

document.getElementById("link")?.select();
