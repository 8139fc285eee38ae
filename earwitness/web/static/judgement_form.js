// Fields for a judgement (words, intent, slots, labels), as the lead fills them: built once, set and read as data.

import { make } from "./elements.js";
import { LABELS } from "./review_words.js";

/** Slots out of lines such as "name: lamp". */
export const slotsOf = (text) =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes(":"))
      .map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
  );

export const slotLines = (slots) =>
  Object.entries(slots)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");

/** Fill `into` with the fields; gives how to set and how to read them. */
export function judgementFields(into, name) {
  const transcript = make("textarea", { rows: "2", maxlength: "1000", required: true });
  const intent = make("input", { maxlength: "100", list: "intents", autocomplete: "off" });
  const slots = make("textarea", { rows: "2" });
  const boxes = LABELS.map(([value]) => make("input", { type: "checkbox", value }));
  into.replaceChildren(
    make("label", {}, `${name} words `, transcript),
    make("label", {}, `${name} intent `, intent),
    make("label", {}, `${name} slots, one a line (name: value) `, slots),
    make("fieldset", { class: "options" }, make("legend", {}, "Labels"), ...LABELS.map(([, words], at) => make("label", { class: "option" }, boxes[at], ` ${words}`))),
  );
  return {
    set(judged) {
      transcript.value = judged.transcript;
      intent.value = judged.intent ?? "";
      slots.value = slotLines(judged.slots);
      for (const box of boxes) box.checked = judged.labels.includes(box.value);
    },
    read: () => ({
      transcript: transcript.value,
      intent: intent.value.trim() || null,
      slots: slotsOf(slots.value),
      labels: boxes.filter((box) => box.checked).map((box) => box.value),
    }),
  };
}
