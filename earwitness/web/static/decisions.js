// The list of every decision somebody made, with the text that was shown then.

import { ask, save } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt, complain } from "./header.js";
import { sayMoment, sayPeriod } from "./times.js";

const WAYS = { page: "on this page", api: "by another program", voice: "by voice", terminal: "in a terminal" };

function what(decision) {
  if (decision.objection) return "Objected";
  if (!decision.given) return "Switched off";
  if (decision.retention_seconds === null) return "Switched on";
  return `Switched on for ${sayPeriod(decision.retention_seconds)}, ${decision.keeps === "audio" ? "sound and words" : "words alone"}`;
}

function row(decision) {
  const { text } = decision;
  const place = decision.position === null ? "The ledger takes it shortly." : `Entry ${decision.position} of the ledger.`;
  return make(
    "li",
    {},
    make("p", {}, make("strong", {}, what(decision)), ` · ${text.title}`),
    make("p", { class: "quiet" }, make("time", { datetime: decision.decided_at }, sayMoment(decision.decided_at)), `, ${WAYS[decision.way] ?? decision.way}`),
    make("details", {}, make("summary", {}, `The text you were shown, version ${text.version}`), make("p", {}, text.text), make("p", { class: "quiet digest" }, `${place} SHA-256 of the text: ${text.digest}`)),
  );
}

export class Decisions {
  constructor() {
    byId("decisions-save").addEventListener("click", () => attempt(byId("decisions-save"), () => save("/me/consents", "earwitness-consents.json")));
  }

  clear() {
    byId("decisions").replaceChildren();
  }

  async load() {
    try {
      const found = await ask("GET", "/me/consents");
      byId("decisions").replaceChildren(...found.map(row));
      byId("decisions-empty").hidden = found.length > 0;
    } catch (error) {
      if (error.code !== "access.not_signed_in") complain(error.message);
    }
  }
}
