// The page of what was drawn of somebody for review: as a reviewer is shown it, with a veto, a delay, and what came of it.

import { ask, askBlob } from "./api.js";
import { byId, isSwitchedOn, make, setSwitch } from "./elements.js";
import { attempt, complain, inform, startWith } from "./header.js";
import { namedButton } from "./named_button.js";
import { OneSound } from "./one_sound.js";

const STATES = {
  waiting: "waits",
  offered: "a reviewer may open it now",
  vetoed: "vetoed: nobody reviews it",
  withdrawn: "withdrawn: nobody reviews it any more",
  gone: "gone: it was deleted, or its time was over",
  reviewed: "reviewed",
};
const DELAY_DAYS = 7;
const sound = new OneSound();

const when = (stamp) => new Date(stamp).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

async function load() {
  const found = await ask("GET", "/me/drawn");
  byId("terms").textContent = `Of what may be drawn, at most ${found.rate_percent} % is, and at most ${found.most_per_month} requests of one person a month.`;
  byId("example-said").textContent = `“${found.example_said}”`;
  byId("example-shown").textContent = `“${found.example_shown.transcript}”`;
  byId("example-intent").textContent = understood(found.example_shown);
  setSwitch(byId("first"), found.hears_first);
  byId("items").replaceChildren(...found.items.map(card));
  byId("items-empty").hidden = found.items.length > 0;
  byId("status").textContent = "";
  byId("part").hidden = false;
}

function understood({ intent, slots }) {
  const parts = Object.entries(slots).map(([name, value]) => `${name}: ${value}`);
  return [intent ?? "nothing", ...parts].join(" · ");
}

function card(item) {
  const detail = make("div", { class: "fields" });
  const name = `what was drawn on ${item.epoch}`;
  const button = (words, work, tone = "") => namedButton(name, words, work, { load, tone });
  const isOpen = item.state === "waiting" || item.state === "offered";
  const path = `/me/drawn/${item.item_id}`;
  const until = item.state !== "waiting" ? "" : item.ready_at ? ` until ${when(item.ready_at)}` : " until you let it go";
  return make(
    "li",
    { class: "card fields", "data-state": item.state },
    make("h3", {}, `Drawn ${when(item.drawn_at)}`),
    make("p", { class: "quiet" }, `${STATES[item.state]}${until}`),
    ...(item.thanks ? [make("p", {}, item.thanks)] : []),
    detail,
    make(
      "div",
      { class: "choices" },
      ...(item.state === "gone" ? [] : [showButton(item, detail, name)]),
      ...(isOpen ? [button("Veto", () => ask("POST", `${path}/veto`).then(() => "Nobody reviews it."), "danger")] : []),
      ...(isOpen ? [button(`Wait ${DELAY_DAYS} days`, () => ask("POST", `${path}/delay`, { days: DELAY_DAYS }).then(() => "It waits."))] : []),
      ...(item.state === "waiting" ? [button("Let it go now", () => ask("POST", `${path}/release`).then(() => "A reviewer may open it."))] : []),
    ),
  );
}

function showButton(item, detail, name) {
  const shows = make("button", { type: "button", "aria-expanded": "false" }, "See what a reviewer sees", make("span", { class: "hidden" }, ` of ${name}`));
  shows.addEventListener("click", () =>
    attempt(shows, async () => {
      const found = await ask("GET", `/me/drawn/${item.item_id}`);
      shows.setAttribute("aria-expanded", "true");
      detail.replaceChildren(...facts(found, item), ...hearing(found, item));
    }),
  );
  return shows;
}

/** What a reviewer would hear, and whether this one may. */
function hearing({ may_be_heard: mayBeHeard }, item) {
  const words = mayBeHeard ? "You allowed that a reviewer hears this, in a disguised voice." : "A reviewer of this only reads: you did not allow, before it was drawn, that they hear it.";
  const hears = make("button", { type: "button" }, "Hear what a reviewer would hear");
  hears.addEventListener("click", () => {
    sound.unlock();
    return attempt(hears, async () => sound.play((await askBlob(`/me/drawn/${item.item_id}/sound`)).blob));
  });
  return [make("p", { class: "quiet" }, words), make("div", { class: "choices" }, hears)];
}

function facts({ shown, judgements }, item) {
  const rows = [["Shown", `“${shown.transcript}”`], ["Understood", understood(shown)]];
  for (const judged of judgements) {
    rows.push([`Judged by ${judged.by}`, `“${judged.transcript}” · ${understood(judged)}${judged.labels.length ? ` · ${judged.labels.join(", ").replaceAll("_", " ")}` : ""}`]);
  }
  return [
    make("dl", { class: "facts" }, ...rows.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)])),
    make("p", {}, make("a", { href: `/listens?turn=${item.turn_id}` }, "Who read it, with proofs"), " · ", make("a", { href: "/history" }, "Your history")),
  ];
}

byId("example-hear").addEventListener("click", () => {
  sound.unlock();
  return attempt(byId("example-hear"), async () => sound.play(await (await fetch("/static/review_example.flac")).blob()));
});
byId("first").addEventListener("click", async () => {
  const hears = !isSwitchedOn(byId("first"));
  try {
    await ask("PUT", "/me/drawn/wish", { hears_first: hears });
    setSwitch(byId("first"), hears);
    inform(hears ? "From now on each waits until you let it go." : "From now on you have a day to veto each.");
    await load();
  } catch (error) {
    complain(error.message);
  }
});
startWith(load);
