// What a turn looks like, on the talk page and in the history: what was understood, how it ended, and the time of each stage.

import { make } from "./elements.js";

const STAGES = [
  ["endpoint", "Waiting for the end"],
  ["recognise", "Recognising"],
  ["understand", "Understanding"],
  ["act", "Acting"],
  ["synthesise", "Voice"],
  ["first_sound", "To the first sound"],
];
const OUTCOMES = {
  done: "Done",
  answered: "Answered",
  asked: "Asked back",
  not_heard: "Nothing heard",
  not_understood: "Not understood",
  refused: "Refused",
  failed: "Failed",
  cancelled: "Stopped",
};
const UNCLEAR = ["not_understood", "refused", "failed"];

const INTENTS = { HassLightSet: "set light", HassGetState: "look up", HassNevermind: "never mind", HassClimateSetTemperature: "set temperature" };

/** "HassTurnOn" as "turn on". */
const plain = (intent) => INTENTS[intent] ?? intent.replace(/^Hass/, "").replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();

/** What was understood, as nodes: the intent in words and its slots. */
export function chips(intent, slots) {
  if (!intent) return ["No request that this home knows"];
  const pairs = Object.entries(slots).map(([name, value]) => make("span", { class: "chip" }, make("span", { class: "key" }, name.replaceAll("_", " ")), ` ${value}`));
  return [make("strong", {}, plain(intent)), ...pairs.flatMap((pair) => [" ", pair])];
}

/** How a turn ended, in words. */
export const outcomeWords = (outcome) => OUTCOMES[outcome] ?? outcome;

/** How a turn ended, as a badge. */
export const outcomeBadge = (outcome) => make("span", { class: `outcome ${outcome}` }, outcomeWords(outcome));

/** Why a turn went wrong, if it did and its reply does not say so already. */
export const why = (turn) => (UNCLEAR.includes(turn.outcome) && turn.reason && !turn.reply.includes(turn.reason) ? `Why: ${turn.reason}` : "");

/** A bar per stage, as list items. */
export function bars(timings) {
  const known = STAGES.filter(([stage]) => stage in timings);
  const others = Object.keys(timings).filter((stage) => !STAGES.some(([name]) => name === stage));
  const rows = [...known, ...others.map((stage) => [stage, stage.replaceAll("_", " ")])];
  const longest = Math.max(1, ...rows.map(([stage]) => timings[stage]));
  return rows.map(([stage, label]) => {
    const ms = timings[stage];
    const bar = make("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${Math.max(0.5, (100 * ms) / longest)}%`;
    const shown = ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
    return make("li", { class: stage === "first_sound" ? "total" : "" }, make("span", { class: "stage-name" }, label), make("span", { class: "lane" }, bar), make("span", { class: "ms" }, `${shown} ms`));
  });
}
