// The page of one's own decisions: joins signing in, the consents, the other switches, and what can be taken or deleted.

import { ask, hand, save } from "./api.js";
import { Consents } from "./consents.js";
import { Decisions } from "./decisions.js";
import { DemandNotices } from "./demand_notices.js";
import { isOnlyMe, setOnlyMe } from "./device.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, isSwitchedOn, make, setSwitch } from "./elements.js";
import { account, attempt, inform, start } from "./header.js";
import { LearnedFrom } from "./learned_from.js";
import { Receipts } from "./receipts.js";
import { count, sayBytes, sayMoment, sayPeriod, sayRelative, saySeconds } from "./times.js";

let shownName = null;
const consents = new Consents(byId("consents"));
const decisions = new Decisions();
const receipts = new Receipts();
const demandNotices = new DemandNotices();
const learnedFrom = new LearnedFrom();

function fact(name, ...value) {
  return [make("dt", {}, name), make("dd", {}, ...value)];
}

function facts({ person, keeping, kept }) {
  const what = keeping?.keeps === "audio" ? "the sound and the words" : "the words alone";
  const sound = kept.seconds ? `, ${saySeconds(kept.seconds)} of sound` : "";
  return [
    ...fact("From now on", keeping ? `What you say is kept for ${sayPeriod(keeping.retention_seconds)}: ${what}.` : "Nothing of what you say is kept."),
    ...fact("Kept now", kept.recordings ? `${count(kept.recordings, "recording")}${sound}. ` : "Nothing.", ...(kept.recordings ? [make("a", { href: "/history" }, "See them in your history"), "."] : [])),
    ...(kept.next_expiry ? fact("Next to expire", `${sayRelative(kept.next_expiry)}, on ${sayMoment(kept.next_expiry)}`) : []),
    ...fact("You", `${person.name}, enrolled on ${sayMoment(person.enrolled_at)}. Where no name may be, you are `, make("strong", { class: "alias" }, person.alias), "."),
  ];
}

function show() {
  const { me } = account;
  if (me === undefined) return;
  byId("loading").hidden = true;
  byId("signed-in").hidden = false;
  byId("title").textContent = `${me.person.name}’s privacy`;
  byId("standing").replaceChildren(...facts(me));
  consents.show(me);
  setSwitch(byId("restrict"), me.person.restricted_at !== null);
  byId("restrict-since").hidden = me.person.restricted_at === null;
  byId("restrict-since").textContent = me.person.restricted_at ? `Restricted since ${sayMoment(me.person.restricted_at)}.` : "";
  setSwitch(byId("aloud"), me.person.told_aloud);
  if (shownName !== me.person.name) {
    shownName = me.person.name;
    decisions.load();
    receipts.load();
    demandNotices.load();
    learnedFrom.load();
  }
}

/** Take the answer to a change for the truth, and say what it did. */
function take(me, sentence) {
  account.set(me);
  decisions.load();
  receipts.load();
  inform(sentence);
}
consents.onDecided = take;

byId("restrict").addEventListener("click", () =>
  attempt(byId("restrict"), async () => {
    const restricted = !isSwitchedOn(byId("restrict"));
    take(await ask("PUT", "/me/restriction", { restricted }), restricted ? "Restricted: nobody but you can open what is kept of you." : "The restriction is lifted.");
  }),
);
byId("aloud").addEventListener("click", () =>
  attempt(byId("aloud"), async () => {
    const aloud = !isSwitchedOn(byId("aloud"));
    take(await ask("PUT", "/me/notices", { aloud }), aloud ? "When somebody else listened, it is also said aloud." : "When somebody else listened, it is shown and not said.");
  }),
);
setSwitch(byId("only-me"), isOnlyMe());
byId("only-me").addEventListener("click", () => {
  setOnlyMe(!isOnlyMe());
  setSwitch(byId("only-me"), isOnlyMe());
  inform(isOnlyMe() ? "This browser takes it that only you speak here. Open talk pages learn of it when they connect again." : "Hands-free, nothing is kept here.");
});

byId("export").addEventListener("click", async () => {
  const status = byId("export-status");
  status.replaceChildren("Packing … ", make("progress"));
  const isDone = await attempt(byId("export"), async () => {
    const bytes = await save("/me/export", "earwitness-export.zip", (so_far) => {
      status.firstChild.textContent = `Packing … ${sayBytes(so_far)} `;
    });
    status.textContent = `Saved, ${sayBytes(bytes)}.`;
  });
  if (!isDone) status.textContent = "";
});

byId("leave").addEventListener("click", async () => {
  const { me } = account;
  let erasure = null;
  await choose({
    title: `Delete ${me.person.name} for good?`,
    body: [
      make("p", {}, me.kept.recordings ? `${count(me.kept.recordings, "recording")}, all your decisions and your name go at once.` : "All your decisions and your name go at once.", " Nobody can bring them back."),
    ],
    choices: [{ value: "leave", label: "Delete me for good", tone: "danger" }, CANCEL],
    act: async () => {
      erasure = await ask("DELETE", "/me");
    },
  });
  if (erasure === null) return;
  if (erasure.receipt) hand(new Blob([JSON.stringify(erasure.receipt, null, 1)], { type: "application/json" }), `receipt-${erasure.erasure_id.slice(0, 8)}.json`);
  const saved = erasure.receipt ? " Your receipt was saved as a file: nobody can ask for it later." : "";
  await choose({
    title: "You are deleted",
    body: [make("p", {}, `${count(erasure.recordings, "recording")}, your decisions and your name are gone. The ledger holds that it happened, under number ${erasure.erasure_id.slice(0, 8)}.${saved}`)],
    choices: [{ value: "done", label: "Done" }],
  });
  location.assign("/sign-in");
});

account.addEventListener("change", show);
start();
