// The page of what is kept of somebody: search, pages of turns by day, and deleting several.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { account, attempt, complain, start } from "./header.js";
import { askWhatToDelete } from "./history_delete.js";
import { HistoryTurn } from "./history_turn.js";
import { count, sayDay, sayPeriod, saySeconds, zone } from "./times.js";

const PAGE_TURNS = 20;

let before = null;
let lastDay = null;
let shown = [];
let asked = 0;
let shownName = null;

const filter = () => ({ search: byId("search").value.trim(), day: byId("day").value });

function path(first) {
  const { search, day } = filter();
  const query = new URLSearchParams({ limit: String(PAGE_TURNS) });
  if (search) query.set("search", search);
  if (day) {
    query.set("day", day);
    query.set("zone", zone);
  }
  if (!first && before !== null) query.set("before", String(before));
  return `/history?${query}`;
}

/** Load the first page, or the one after what is shown. */
async function load(first) {
  const turn = ++asked;
  byId("turns").setAttribute("aria-busy", "true");
  try {
    const page = await ask("GET", path(first));
    if (turn !== asked) return;
    if (first) clear();
    before = page.next_before;
    page.turns.forEach(add);
    byId("older").hidden = before === null;
    showWords();
  } finally {
    byId("turns").setAttribute("aria-busy", "false");
  }
}

function clear() {
  for (const turn of shown) turn.close();
  shown = [];
  lastDay = null;
  byId("turns").replaceChildren();
}

function add(recording) {
  const day = sayDay(recording.began_at);
  if (day !== lastDay) byId("turns").append(make("h2", { class: "day" }, day));
  lastDay = day;
  const turn = new HistoryTurn(recording);
  turn.onDeleted = () => {
    shown = shown.filter((each) => each !== turn);
    account.load();
  };
  shown.push(turn);
  byId("turns").append(turn.node);
}

/** What is kept, in a sentence; and, where nothing is shown, why. */
function showWords() {
  const { me } = account;
  if (!me) return;
  const { kept, keeping } = me;
  const { search, day } = filter();
  const isFiltered = Boolean(search || day);
  const total = kept.recordings ? `${count(kept.recordings, "turn")} kept${kept.seconds ? `, ${saySeconds(kept.seconds)} of sound` : ""}.` : "Nothing is kept.";
  const further = keeping ? `What you say is kept for ${sayPeriod(keeping.retention_seconds)}.` : "Nothing more is kept from now on.";
  byId("kept-words").textContent = isFiltered ? `${before === null ? "" : "The newest "}${count(shown.length, "turn")} found.` : `${total} ${kept.recordings || keeping ? further : ""}`;
  byId("clear").hidden = !isFiltered;
  byId("delete-part").hidden = kept.recordings === 0;
  const isEmpty = byId("turns").children.length === 0;
  byId("empty").hidden = !isEmpty;
  if (isEmpty) showEmpty(isFiltered, keeping);
}

function showEmpty(isFiltered, keeping) {
  const way = (href, words) => byId("empty-way").replaceChildren(make("a", { href, class: "button main" }, words));
  if (isFiltered) {
    byId("empty-text").textContent = "Nothing that is kept of you matches that.";
    byId("empty-way").replaceChildren();
  } else if (keeping) {
    byId("empty-text").textContent = `Nothing yet. What you say from now on appears here, and is kept for ${sayPeriod(keeping.retention_seconds)}.`;
    way("/", "Say something");
  } else {
    byId("empty-text").textContent = "What you say is answered and then forgotten. If you want to hear, search or correct it later, switch keeping on.";
    way("/privacy", "Decide what is kept");
  }
}

async function reload() {
  try {
    await load(true);
  } catch (error) {
    if (error.code !== "access.not_signed_in") complain(error.message);
  }
}

function show() {
  const { me } = account;
  if (me === undefined) return;
  byId("signed-in").hidden = false;
  if (shownName !== me.person.name) {
    shownName = me.person.name;
    reload();
  } else {
    showWords();
  }
}

byId("find").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(byId("find").querySelector("[type=submit]"), () => load(true));
});
byId("day").addEventListener("change", () => reload());
byId("clear").addEventListener("click", async () => {
  byId("find").reset();
  byId("search").focus();
  await reload();
});
byId("older").addEventListener("click", async () => {
  const next = shown.length;
  await attempt(byId("older"), () => load(false));
  shown[next]?.focus();
});
byId("delete").addEventListener("click", async () => {
  const isDone = await askWhatToDelete({ day: filter().day, kept: account.me.kept });
  if (!isDone) return;
  await Promise.all([account.load(), reload()]);
  byId("title").focus();
});
account.addEventListener("change", show);
start();
