// Shows the turn that goes on, and the turns before it, in this tab's memory only.

import { byId, make } from "./elements.js";

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
const MOST_TURNS = 50;

const INTENTS = { HassLightSet: "set light", HassGetState: "look up", HassNevermind: "never mind", HassClimateSetTemperature: "set temperature" };

/** "HassTurnOn" as "turn on". */
const plain = (intent) => INTENTS[intent] ?? intent.replace(/^Hass/, "").replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();

function chips(intent, slots) {
  if (!intent) return ["No request that this home knows"];
  const pairs = Object.entries(slots).map(([name, value]) => make("span", { class: "chip" }, make("span", { class: "key" }, name.replaceAll("_", " ")), ` ${value}`));
  return [make("strong", {}, plain(intent)), ...pairs.flatMap((pair) => [" ", pair])];
}

export class TurnView {
  #earlier = [];
  #last = null;

  /** A new turn begins: the one before moves to the history. */
  begin() {
    if (this.#last) this.#remember(this.#last);
    this.#last = null;
    byId("turn-empty").hidden = true;
    byId("turn-body").hidden = false;
    for (const id of ["heard", "done", "reply"]) byId(id).replaceChildren();
    byId("heard").classList.remove("partial");
    byId("timings").hidden = byId("reason").hidden = true;
    delete byId("turn").dataset.outcome;
  }

  partial(text) {
    byId("heard").classList.add("partial");
    byId("heard").textContent = `${text} …`;
  }

  transcript(text) {
    byId("turn-empty").hidden = true;
    byId("turn-body").hidden = false;
    byId("heard").classList.remove("partial");
    byId("heard").textContent = text;
  }

  understood({ intent, slots }) {
    byId("done").replaceChildren(...chips(intent, slots));
  }

  reply(text) {
    byId("reply").textContent = text;
  }

  /** The finished turn, as the `turn` message gives it. */
  finish(turn) {
    byId("turn").dataset.outcome = turn.outcome;
    this.transcript(turn.transcript || "(nothing)");
    const badge = make("span", { class: `outcome ${turn.outcome}` }, OUTCOMES[turn.outcome] ?? turn.outcome);
    byId("done").replaceChildren(...(turn.transcript ? chips(turn.intent, turn.slots) : []), " ", badge);
    byId("reply").textContent = turn.reply;
    const isWhyShown = ["not_understood", "refused", "failed"].includes(turn.outcome) && turn.reason && !turn.reply.includes(turn.reason);
    byId("reason").hidden = !isWhyShown;
    byId("reason").textContent = isWhyShown ? `Why: ${turn.reason}` : "";
    showTimings(turn.timings_ms);
    this.#last = turn;
  }

  #remember(turn) {
    this.#earlier.unshift(turn);
    this.#earlier.length = Math.min(MOST_TURNS, this.#earlier.length);
    const total = turn.timings_ms.first_sound;
    const node = make(
      "li",
      {},
      make("p", { class: "said" }, turn.transcript || "(nothing)"),
      make("p", { class: "answer" }, turn.reply),
      make("p", { class: "quiet" }, [OUTCOMES[turn.outcome] ?? turn.outcome, total ? `${Math.round(total)} ms to the first sound` : ""].filter(Boolean).join(" · ")),
    );
    byId("history").prepend(node);
    while (byId("history").children.length > MOST_TURNS) byId("history").lastChild.remove();
  }
}

function showTimings(timings) {
  const known = STAGES.filter(([stage]) => stage in timings);
  const others = Object.keys(timings).filter((stage) => !STAGES.some(([name]) => name === stage));
  const rows = [...known, ...others.map((stage) => [stage, stage.replaceAll("_", " ")])];
  const longest = Math.max(1, ...rows.map(([stage]) => timings[stage]));
  byId("bars").replaceChildren(
    ...rows.map(([stage, label]) => {
      const ms = timings[stage];
      const bar = make("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.max(0.5, (100 * ms) / longest)}%`;
      const shown = ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
      return make("li", { class: stage === "first_sound" ? "total" : "" }, make("span", { class: "stage-name" }, label), make("span", { class: "lane" }, bar), make("span", { class: "ms" }, `${shown} ms`));
    }),
  );
  byId("timings").hidden = rows.length === 0;
}
