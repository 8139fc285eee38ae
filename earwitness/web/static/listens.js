// The page of who opened what is kept of somebody, with proofs that check without this server.

import { ask, askText, save } from "./api.js";
import { byId, icon, isSwitchedOn, make, setSwitch } from "./elements.js";
import { account, attempt, complain, start } from "./header.js";
import { showEmergencies } from "./my_emergencies.js";
import { count, saySecond, saySeconds } from "./times.js";

const AT_FIRST = 100;
const MOST = 1000;
const ROLES = {
  member: "another person of this household",
  reviewer: "a reviewer",
  overseer: "somebody who oversees review",
  trainer: "the builder of training data",
  system: "this house itself",
};
const WHY = {
  playback: "To listen",
  history: "To read the words",
  correction: "To correct the words",
  export: "To take a copy away",
  review: "To review",
  disguise: "To disguise your voice for a reviewer; nobody heard this",
  training: "To build training data",
  escalation: "To decide about what a reviewer flagged",
  break_glass: "In an emergency, as two people allowed",
};
const NOT_OPENED = ["failed", "refused"];
const RESULTS = {
  open: "Not ended yet",
  served: "Opened",
  broken_off: "Broken off early",
  failed: "Failed: nothing came out",
  refused: "Refused: nothing was opened",
};

const turnId = new URLSearchParams(location.search).get("turn");
let limit = AT_FIRST;
let asked = 0;
let shownName = null;

const isOnlyOthers = () => isSwitchedOn(byId("others"));

function what({ what: medium, recordings }) {
  const words = medium === "audio" ? "sound" : "words";
  return recordings === 1 ? words[0].toUpperCase() + words.slice(1) : `${words[0].toUpperCase() + words.slice(1)} of ${count(recordings, "turn")}`;
}

function who({ who: alias, role }) {
  if (role === "self") return ["You"];
  return [make("strong", {}, alias), make("span", { class: "quiet block" }, ROLES[role] ?? role)];
}

function row(listen) {
  const proof = make("button", { type: "button", class: "save-proof" }, icon("i-save"), "Proof", make("span", { class: "hidden" }, ` of entry ${listen.position}`));
  const name = `listen-${listen.read_id.slice(0, 8)}.json`;
  proof.addEventListener("click", () => attempt(proof, () => save(`/listens/${listen.read_id}/proof`, name)));
  const cell = (label, ...nodes) => make("td", { "data-label": label, class: nodes[0] === "–" ? "none" : false }, make("span", { class: "cell" }, ...nodes));
  return make(
    "tr",
    { class: listen.result, "data-role": listen.role, "data-why": listen.why },
    cell("When", make("time", { datetime: listen.when }, saySecond(listen.when))),
    cell("Who", ...who(listen)),
    cell("Why", WHY[listen.why] ?? listen.why),
    cell("What", what(listen)),
    cell("Heard", listen.what === "audio" ? saySeconds(listen.seconds) : "–"),
    cell("Result", RESULTS[listen.result] ?? listen.result),
    cell("Proof", proof),
  );
}

async function load() {
  const turn = ++asked;
  const query = new URLSearchParams({ limit: String(limit), others: String(isOnlyOthers()), ...(turnId ? { turn: turnId } : {}) });
  const { listens } = await ask("GET", `/listens?${query}`);
  if (turn !== asked) return;
  if (!turnId) await showEmergencies();
  byId("rows").replaceChildren(...listens.map(row));
  byId("table").hidden = listens.length === 0;
  byId("empty").hidden = listens.length > 0;
  byId("more").hidden = listens.length < limit || limit === MOST;
  byId("status").textContent = listens.length === 0 ? "" : words(listens);
  byId("empty-text").textContent = isOnlyOthers()
    ? `Nobody but you opened ${turnId ? "this" : "anything that is kept of you"}. If that ever changes, it is here, and the number at the top tells you.`
    : "Nothing was opened yet.";
  if (account.me?.new_listens && !turnId) {
    await ask("POST", "/listens/seen");
    account.load();
  }
}

function words(listens) {
  const refused = listens.filter(({ result }) => NOT_OPENED.includes(result)).length;
  const opened = listens.length - refused;
  const times = opened === 0 ? "" : opened === 1 ? "once" : count(opened, "time");
  const it = turnId ? "it" : "something of yours";
  const sentences = [
    ...(opened === 0 ? [] : [isOnlyOthers() ? `Others opened ${it} ${times}.` : `${turnId ? "It" : "Something of yours"} was opened ${times}.`]),
    ...(refused === 0 ? [] : [`${count(refused, "attempt")} came to nothing.`]),
    ...(listens.length === limit ? ["There may be more."] : []),
  ];
  return sentences.join(" ");
}

async function reload() {
  try {
    await load();
  } catch (error) {
    if (error.code !== "access.not_signed_in") complain(error.message);
  }
}

function show() {
  const { me } = account;
  if (me === undefined) return;
  byId("signed-in").hidden = false;
  const { name } = me.person;
  if (name !== shownName) {
    reload();
    showTurn();
    showKey();
  }
  shownName = name;
}

/** Say which turn the list is about, if it is about one. */
async function showTurn() {
  byId("one-turn").hidden = turnId === null;
  if (turnId === null) return;
  try {
    const { transcript } = await ask("GET", `/history/${turnId}`);
    byId("one-turn-name").textContent = `“${transcript}”`;
  } catch {
    byId("one-turn-name").textContent = "a turn that is not kept any more";
  }
}

async function showKey() {
  try {
    const key = (await askText("/ledger/key")).trim();
    byId("key").textContent = key;
    byId("command").textContent = `earwitness verify proof listen.json --key ${key}`;
  } catch (error) {
    complain(error.message);
  }
}

for (const name of ["key", "command"]) {
  byId(`${name}-copy`).addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(byId(name).textContent);
      byId("copied").textContent = name === "key" ? "The key is copied." : "The command is copied.";
    } catch {
      byId("copied").textContent = "This browser does not let the page copy; mark the text and copy it yourself.";
    }
  });
}
byId("others").addEventListener("click", () => {
  setSwitch(byId("others"), !isOnlyOthers());
  reload();
});
byId("more").addEventListener("click", () => {
  limit = MOST;
  attempt(byId("more"), load);
});
account.addEventListener("change", show);
start();
