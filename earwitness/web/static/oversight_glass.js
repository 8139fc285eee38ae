// Emergencies on the page of oversight: what was asked for and approved, opening what is covered, saying what came of it.

import { ask, postForBlob } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { make } from "./elements.js";
import { attempt } from "./header.js";
import { GLASS_OUTCOMES, GLASS_STATES } from "./oversight_words.js";
import { sayMoment, saySeconds } from "./times.js";

/** One emergency as a card. `reload` shows the page anew. */
export function glassCard(one, reload) {
  const about = one.about === "recording" ? `One recording, ${one.recording.slice(0, 8)}…` : "All that is kept of one person";
  const approved = one.approved_by.length ? `Approved by ${one.approved_by.join(" and ")}. ` : "";
  const until = one.until ? `Until ${sayMoment(one.until)}. ` : `For ${saySeconds(one.seconds)}. `;
  const outcome = one.outcome ? `${GLASS_OUTCOMES[one.outcome]}: ${one.note}` : "";
  const isOpen = one.state === "granted";
  return make(
    "li",
    { class: "card fields", "data-urgent": isOpen },
    make("h3", {}, `${GLASS_STATES[one.state]}: ${about}`),
    make("p", { class: "said" }, one.reason),
    make("p", { class: "quiet" }, `Asked by ${one.by}, ${sayMoment(one.asked_at)}. ${until}${approved}${outcome}`),
    make("div", { class: "choices" }, ...buttons(one, reload)),
  );
}

function buttons(one, reload) {
  const path = `/oversight/emergencies/${one.glass_id}`;
  const button = (label, work, tone = "") => {
    const made = make("button", { type: "button", class: tone }, label);
    made.addEventListener("click", () => attempt(made, work));
    return made;
  };
  const answer = (approves) => async () => {
    await ask("POST", `${path}/decision`, { approves });
    await reload(approves ? "You approved; it is in the ledger." : "You refused; nobody opens anything.");
  };
  const made = [];
  if (one.may_decide) made.push(button("Approve", answer(true), "danger"), button("Refuse", answer(false)));
  if (one.is_mine && one.state === "granted") made.push(button("Open …", () => open(path)));
  if (one.is_mine && one.granted_at && !one.outcome) made.push(button("Say what came of it …", () => end(path, reload)));
  return made;
}

async function open(path) {
  const found = await ask("GET", `${path}/recordings`);
  const shown = make("div", { class: "fields", role: "status" });
  const list = make("ul", { class: "covered-list" }, ...found.map((one) => covered(path, one, shown)));
  const body = [make("p", { class: "quiet" }, "Each opening is in the ledger before it happens, and its person is told."), found.length ? list : make("p", {}, "Nothing of it is kept any more."), shown];
  await choose({ title: "What may be opened", body, choices: [{ value: null, label: "Close" }] });
}

function covered(path, one, shown) {
  const words = make("button", { type: "button" }, "Words");
  words.addEventListener("click", () =>
    attempt(words, async () => {
      const told = await ask("POST", `${path}/recordings/${one.turn_id}/words`);
      shown.replaceChildren(make("p", { class: "said" }, told.transcript), make("p", { class: "quiet" }, `Answered: “${told.reply}”`));
    }),
  );
  const listen = make("button", { type: "button" }, "Sound");
  listen.addEventListener("click", () => attempt(listen, () => play(`${path}/recordings/${one.turn_id}/sound`, shown)));
  return make("li", {}, make("span", { class: "grow" }, sayMoment(one.began_at)), words, ...(one.seconds ? [listen] : []));
}

/** Play a recording from memory alone: it is not saved, and heard again only by opening it again. */
async function play(path, shown) {
  const sound = await (await postForBlob(path)).arrayBuffer();
  const context = new AudioContext();
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(sound);
  source.connect(context.destination);
  source.addEventListener("ended", () => context.close());
  source.start();
  shown.replaceChildren(make("p", {}, `Playing ${saySeconds(source.buffer.duration)} once.`));
}

async function end(path, reload) {
  const outcome = make("select", { id: "glass-outcome", required: true }, ...Object.entries(GLASS_OUTCOMES).map(([value, label]) => make("option", { value }, label)));
  const note = make("textarea", { id: "glass-note", rows: "3", maxlength: "2000", required: true });
  const body = [make("p", {}, "The person reads both."), make("label", { for: "glass-outcome" }, "What came of it", outcome), make("label", { for: "glass-note" }, "In your words", note)];
  const act = () => ask("POST", `${path}/end`, { outcome: outcome.value, note: note.value.trim() });
  if ((await choose({ title: "What came of it", body, choices: [{ value: "end", label: "Say it", tone: "main", isDefault: true }, CANCEL], act, focus: outcome })) === null) return;
  await reload("It is over, and its person reads what came of it.");
}
