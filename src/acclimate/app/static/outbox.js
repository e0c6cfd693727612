// What is sent goes out in order, again and again with the same token, until the server has said yes or no.
// It waits in this page's memory alone: nothing that may name a person is put into the browser's storage.
import { card, say } from "./talk.js";

const RETRY_MS = 2000;
const waiting = []; // {path, content, settle}, oldest first
let formToken = document.querySelector("meta[name=form-token]").content;
let sending = false;
let goneAway = []; // who wants to know that the server does not answer

export const unsent = () => waiting.length;
export const isUnsent = (item) => waiting.some(({ content }) => content.item === item);
export const pause = () => new Promise((done) => setTimeout(done, RETRY_MS));

// Two promises: what the server said, {kept, said}, and that it does not answer for now.
export function deliver(path, content) {
  const settled = new Promise((settle) => waiting.push({ path, content, settle }));
  const away = new Promise((tell) => goneAway.push(tell));
  if (sending) tellAway(); else send(); // behind one that still waits, it waits too
  return { settled, away };
}

async function send() {
  sending = true;
  while (waiting.length) {
    const { path, content, settle } = waiting[0];
    let outcome;
    try { outcome = await post(path, content); } catch { outcome = { status: 0, said: {} }; }
    if (outcome.status === 0 || outcome.status >= 500) {
      say(`The server does not answer. ${waiting.length} not saved yet: keep this page open, it tries again.`, { fault: true });
      tellAway();
      await pause();
    } else if (outcome.status === 401 || (outcome.status === 403 && await renewed())) {
      if (outcome.status === 401) {
        say(outcome.said.error, { fault: true });
        tellAway();
        await pause();
        await renewed();
      }
    } else {
      waiting.shift();
      say(waiting.length ? `${waiting.length} not saved yet.` : "");
      settle({ kept: outcome.status < 300, isRefused: outcome.status === 403, said: outcome.said });
    }
  }
  goneAway = [];
  sending = false;
}
function tellAway() {
  for (const tell of goneAway.splice(0)) tell({ away: true });
}
export async function post(path, content) {
  const response = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json", "x-form-token": formToken }, body: JSON.stringify(content),
  });
  return { status: response.status, said: await response.json().catch(() => ({})) };
}
async function renewed() { // whether the session has another form token by now, as after signing in anew
  try {
    const response = await fetch("/form-token", { headers: { "content-type": "application/json" } });
    if (!response.ok) return false;
    const { form_token: fresh, person } = await response.json();
    if (person !== card().dataset.person) {
      say(`${person} is signed in now. Sign in as ${card().dataset.person} to save what waits here.`, { fault: true });
      await pause();
      return waiting.length > 0;
    }
    const changed = fresh !== formToken;
    formToken = fresh;
    return changed;
  } catch { return false; }
}
addEventListener("beforeunload", (event) => { if (waiting.length) event.preventDefault(); });
