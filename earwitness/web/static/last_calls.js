// The page of calls: the last ones, those that were missed, calling back on the talk page, and forgetting them.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt, inform, startWith } from "./header.js";

const SOON_MS = 5000;

async function load() {
  show(await ask("GET", "/calls"));
  byId("status").textContent = "";
  byId("part").hidden = false;
  setTimeout(again, SOON_MS);
}

let shown = "";

function show(found) {
  if (JSON.stringify(found) === shown) return; // what has the focus keeps it
  shown = JSON.stringify(found);
  byId("missed").textContent = found.calls.length === 0 ? "There was no call since this home was started." : found.missed === 0 ? "None was missed." : found.missed === 1 ? "One was missed." : `${found.missed} were missed.`;
  byId("calls").replaceChildren(...found.calls.map(card));
  byId("forget").hidden = found.calls.length === 0;
}

async function again() {
  try {
    if (!document.hidden) show(await ask("GET", "/calls"));
  } catch {
    // the next press of a button says what is wrong
  }
  setTimeout(again, SOON_MS);
}

function card(one) {
  const at = new Date(one.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const state = one.was_missed ? "missed" : one.is_incoming ? (one.was_answered ? "taken" : "declined") : one.was_answered ? "answered" : "not answered";
  const who = one.who[0].toUpperCase() + one.who.slice(1);
  return make(
    "li",
    { class: "card fields", "data-state": state },
    make("h3", {}, one.is_incoming ? `From ${who}` : `To ${who}`),
    make("p", { class: "quiet" }, `${at} · ${state}`),
    ...(one.address ? [make("div", { class: "choices" }, back(one, who))] : []),
  );
}

/** To the talk page, with the request written there and not sent. */
function back(one, who) {
  const number = /^\+?[0-9]+$/.test(one.address) ? one.address : null;
  const words = one.is_incoming ? "Call back" : "Call again";
  const request = `call ${one.who.startsWith("the number ") || one.who === "an unknown number" ? (number ?? one.address) : one.who}`;
  return make("a", { class: "button", href: `/#ask=${encodeURIComponent(request)}`, "aria-label": `${words}: ${who}` }, words);
}

byId("forget").addEventListener("click", () =>
  attempt(byId("forget"), async () => {
    show(await ask("DELETE", "/calls"));
    inform("They are forgotten.");
    byId("title").focus();
  }),
);

startWith(load);
