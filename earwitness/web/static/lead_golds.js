// Gold tasks: those there are, and making one up.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt, inform, onSubmit } from "./header.js";
import { judgementFields, slotLines, slotsOf } from "./judgement_form.js";
import { labelWords } from "./review_words.js";

const right = judgementFields(byId("gold-right"), "The right");

export async function loadGolds() {
  const found = await ask("GET", "/review/lead/golds");
  byId("golds").replaceChildren(...found.map(row));
  byId("golds-empty").hidden = found.length > 0;
}

function row(one) {
  const labels = one.right.labels.map((label) => labelWords[label]).join(", ");
  const slots = slotLines(one.right.slots).replaceAll("\n", ", ");
  const parts = [one.right.intent ?? "no intent", slots, labels].filter(Boolean).join(" · ");
  const said = make("span", {}, `“${one.shown.transcript}” `, make("span", { class: "quiet" }, `right: “${one.right.transcript}” · ${parts}${one.is_canary ? " · a canary" : ""}${one.is_retired ? " · retired" : ""}`));
  if (one.is_retired) return make("li", {}, said);
  const button = make("button", { type: "button", "aria-label": `Retire “${one.shown.transcript}”` }, "Retire");
  button.addEventListener("click", () =>
    attempt(button, async () => {
      await ask("DELETE", `/review/lead/golds/${one.gold_id}`);
      await loadGolds();
      byId("golds-title").focus();
    }),
  );
  return make("li", {}, said, button);
}

const form = byId("gold");
form.elements.transcript.addEventListener("change", () => {
  const judged = right.read();
  if (!judged.transcript) right.set({ ...judged, transcript: form.elements.transcript.value });
});
onSubmit(form, byId("problem-gold"), async () => {
  const { transcript, intent, slots, canary } = form.elements;
  const body = { transcript: transcript.value, intent: intent.value.trim() || null, slots: slotsOf(slots.value), is_canary: canary.checked, right: right.read() };
  await ask("POST", "/review/lead/golds", body);
  form.reset();
  right.set({ transcript: "", intent: null, slots: {}, labels: [] });
  inform("It is mixed in from now on.");
  await loadGolds();
  byId("golds-title").focus();
});
