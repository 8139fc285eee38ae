// The page of what was heard or understood wrongly of somebody: drawn as bars, and listed with its sound.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { account, attempt, complain, start } from "./header.js";
import { HistoryTurn } from "./history_turn.js";
import { count } from "./times.js";
import { outcomeWords } from "./turn_parts.js";
import { heardForOthers } from "./word_confusions.js";

const PAGE_TURNS = 100;
const PAGES_AT_ONCE = 5;
const MOST_BARS = 12;
const CORRECTED = "Corrected by you";
const WRONG = ["not_heard", "not_understood", "failed"];

let before = null;
let looked = 0;
let shownName = null;
const found = [];

/** How a turn went wrong; null if it did not. */
const kind = (turn) => (turn.corrected_at ? CORRECTED : WRONG.includes(turn.outcome) ? outcomeWords(turn.outcome) : null);

/** Look at the next pages of what is kept. */
async function look() {
  byId("turns").setAttribute("aria-busy", "true");
  try {
    for (let page = 0; page < PAGES_AT_ONCE; page += 1) {
      const query = new URLSearchParams({ limit: String(PAGE_TURNS), ...(before === null ? {} : { before: String(before) }) });
      const { turns, next_before: next } = await ask("GET", `/history?${query}`);
      looked += turns.length;
      turns.filter(kind).forEach(add);
      before = next;
      if (before === null) break;
    }
    draw();
  } finally {
    byId("turns").setAttribute("aria-busy", "false");
  }
}

function add(turn) {
  found.push(turn);
  const article = new HistoryTurn(turn);
  article.onDeleted = () => {
    found.splice(found.indexOf(turn), 1);
    draw();
  };
  byId("turns").append(article.node);
}

/** Bars, the longest first; each says its number. */
function bars(into, rows) {
  const most = Math.max(1, ...rows.map(([, number]) => number));
  into.replaceChildren(
    ...rows.slice(0, MOST_BARS).map(([words, number]) => {
      const bar = make("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${(100 * number) / most}%`;
      return make("li", {}, make("span", { class: "stage-name" }, words), make("span", { class: "lane" }, bar), make("span", { class: "ms" }, String(number)));
    }),
  );
}

function counted(names) {
  const numbers = new Map();
  for (const name of names) numbers.set(name, (numbers.get(name) ?? 0) + 1);
  return [...numbers].sort(([, one], [, other]) => other - one);
}

function draw() {
  const words = counted(found.filter((turn) => turn.corrected_at).flatMap((turn) => heardForOthers(turn.heard, turn.transcript)));
  bars(byId("words"), words);
  byId("words-part").hidden = words.length === 0;
  bars(byId("reasons"), counted(found.map(kind)));
  byId("reasons-part").hidden = found.length === 0;
  byId("turns-part").hidden = found.length === 0 && before === null;
  byId("older").hidden = before === null;
  byId("told").textContent = saying();
}

function saying() {
  const { kept, keeping } = account.me;
  if (kept.recordings === 0) return keeping ? "Nothing is kept yet: what you say from now on is looked at here." : "Nothing is kept of what you say, so there is nothing to show here.";
  const among = `the newest ${count(looked, "kept turn")}`;
  return found.length === 0 ? `No misunderstanding among ${among}.` : `${count(found.length, "misunderstanding")} among ${among}.`;
}

async function show() {
  const { me } = account;
  if (me === undefined || shownName === me.person.name) return;
  shownName = me.person.name;
  byId("signed-in").hidden = false;
  try {
    await look();
  } catch (error) {
    if (error.code !== "access.not_signed_in") complain(error.message);
  }
}

byId("older").addEventListener("click", () => attempt(byId("older"), look));
account.addEventListener("change", show);
start();
