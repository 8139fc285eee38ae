// Emergencies about oneself, on the page Who listened: who could open what, why, who allowed it, and what came of it.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { GLASS_OUTCOMES, GLASS_STATES } from "./oversight_words.js";
import { sayMoment } from "./times.js";

/** Show them, if there ever was one. */
export async function showEmergencies() {
  const { emergencies } = await ask("GET", "/me/break-glass");
  byId("emergencies-part").hidden = emergencies.length === 0;
  byId("emergencies").replaceChildren(...emergencies.map(line));
}

function line(one) {
  const what = one.about === "recording" ? "one of your recordings" : "what is kept of you";
  const open = one.state === "granted" ? `may open ${what} until ${sayMoment(one.until)}` : `could open ${what} until ${sayMoment(one.ended_at ?? one.until)}`;
  const outcome = one.outcome ? `${GLASS_OUTCOMES[one.outcome]}: ${one.note}` : "What came of it was not said yet.";
  return make(
    "li",
    {},
    make("p", {}, make("strong", {}, one.by), ` ${open}, as ${one.approved_by.join(" and ")} allowed. ${GLASS_STATES[one.state]}.`),
    make("p", {}, `Why: ${one.reason}`),
    make("p", { class: "quiet" }, outcome),
  );
}
