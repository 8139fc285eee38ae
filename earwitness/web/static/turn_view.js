// Shows the turn that goes on, and the turns before it, in this tab's memory only.

import { byId, make } from "./elements.js";
import { bars, chips, outcomeBadge, outcomeWords, why } from "./turn_parts.js";

const MOST_TURNS = 50;
const KEPT = {
  audio: "Kept, sound and words. It is in your history.",
  text: "Kept, the words alone. It is in your history.",
  nothing: "Nothing of this is kept.",
};

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
    byId("timings").hidden = byId("reason").hidden = byId("kept").hidden = true;
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

  understood({ intent, slots, then = [] }) {
    const others = then.flatMap((one) => [", then ", ...chips(one.intent, one.slots)]);
    byId("done").replaceChildren(...chips(intent, slots), ...others);
  }

  reply(text) {
    byId("reply").textContent = text;
  }

  /** The finished turn, as the `turn` message gives it. */
  finish(turn) {
    byId("turn").dataset.outcome = turn.outcome;
    this.transcript(turn.transcript || "(nothing)");
    byId("done").replaceChildren(...(turn.transcript ? chips(turn.intent, turn.slots) : []), " ", outcomeBadge(turn.outcome));
    byId("reply").textContent = turn.reply;
    byId("reason").textContent = why(turn);
    byId("reason").hidden = byId("reason").textContent === "";
    byId("kept").textContent = KEPT[turn.kept] ?? "";
    byId("kept").dataset.kept = turn.kept;
    byId("kept").hidden = byId("kept").textContent === "";
    byId("bars").replaceChildren(...bars(turn.timings_ms));
    byId("timings").hidden = byId("bars").children.length === 0;
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
      make("p", { class: "quiet" }, [outcomeWords(turn.outcome), total ? `${Math.round(total)} ms to the first sound` : ""].filter(Boolean).join(" · ")),
    );
    byId("history").prepend(node);
    while (byId("history").children.length > MOST_TURNS) byId("history").lastChild.remove();
  }
}
