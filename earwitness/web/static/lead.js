// The page of whoever leads review: what waits for a decision comes first. The other parts are lead_*.js.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt, inform, onSubmit, startWith } from "./header.js";
import { judgementFields, slotLines } from "./judgement_form.js";
import { loadConduct } from "./lead_conduct.js";
import { loadGolds } from "./lead_golds.js";
import { loadGuidelines } from "./lead_guidelines.js";
import { loadQuality } from "./lead_quality.js";
import { labelWords } from "./review_words.js";
import { sayMoment } from "./times.js";

const decision = judgementFields(byId("decision"), "The right");
let open = null;

async function load() {
  const standing = await ask("GET", "/review");
  byId("intents").replaceChildren(...standing.intents.map((name) => make("option", { value: name })));
  await Promise.all([loadDisputes(), loadQuality(), loadConduct(), loadGolds(), loadGuidelines()]);
  byId("part").hidden = false;
  byId("status").textContent = "";
}

async function loadDisputes() {
  const found = await ask("GET", "/review/lead/disputes");
  byId("disputes").replaceChildren(...found.map(row));
  if (!found.length) byId("disputes").append(make("li", { class: "quiet" }, "Nothing waits for you."));
}

function row(one) {
  const button = make("button", { type: "button" }, "Look at it");
  button.setAttribute("aria-label", `Look at ${one.pseudonym}, week ${one.week}`);
  button.addEventListener("click", () => attempt(button, () => look(one)));
  const why = one.judgements > 1 ? "they do not agree" : "a second judgement did not come";
  return make("li", {}, make("span", {}, `${one.pseudonym}, week ${one.week}: ${why}, since ${sayMoment(one.since)}`), button);
}

async function look(one) {
  const { words, sides } = await ask("POST", `/review/lead/disputes/${one.task_id}/opening`);
  open = one;
  byId("dispute-title").textContent = `${one.pseudonym}, week ${one.week}`;
  byId("words").textContent = `“${words.transcript}”, understood as ${words.intent ?? "nothing"}${slotsSaid(words.slots)}`;
  byId("sides").replaceChildren(...sides.map(side));
  decision.set(sides[0] ?? { ...words, labels: [] });
  byId("dispute").hidden = false;
  byId("dispute-title").focus();
}

const slotsSaid = (slots) => (Object.keys(slots).length ? ` (${slotLines(slots).replaceAll("\n", ", ")})` : "");

function side(judged, at) {
  const name = String.fromCharCode("A".charCodeAt(0) + at);
  const take = make("button", { type: "button" }, `Take ${name}`);
  take.addEventListener("click", () => decision.set(judged));
  return make(
    "section",
    { class: "side", "aria-label": `Judgement ${name}` },
    make("h4", {}, name),
    make(
      "dl",
      { class: "facts" },
      ...[
        ["Words", judged.transcript],
        ["Intent", judged.intent ?? "none"],
        ["Slots", slotLines(judged.slots) || "none"],
        ["Labels", judged.labels.map((label) => labelWords[label]).join(", ") || "none"],
      ].flatMap(([what, said]) => [make("dt", {}, what), make("dd", {}, said)]),
    ),
    take,
  );
}

function close() {
  open = null;
  byId("words").textContent = "";
  byId("sides").replaceChildren();
  decision.set({ transcript: "", intent: null, slots: {}, labels: [] });
  byId("dispute").hidden = true;
  byId("disputes-title").focus();
}

byId("dispute-close").addEventListener("click", close);
onSubmit(byId("dispute"), byId("problem-dispute"), async () => {
  await ask("PUT", `/review/lead/disputes/${open.task_id}`, decision.read());
  close();
  inform("Decided: that is what counts.");
  await Promise.all([loadDisputes(), loadQuality()]);
});
window.addEventListener("pagehide", close);
startWith(load);
