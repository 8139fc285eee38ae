// Which versions of what was learned have learned from somebody, on their own page.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { count } from "./times.js";

const STATES = { learned: "not used", measured: "not used yet", refused: "not used", trial: "on trial", in_use: "in use", replaced: "not used any more", taken_back: "not used any more" };

export class LearnedFrom {
  async load() {
    const { versions } = await ask("GET", "/me/models");
    const line = (one) => make("li", {}, `Version ${one.number} learned from ${count(one.recordings, "recording")} of yours: ${STATES[one.state] ?? one.state}. It is entry ${one.registered_position} of the ledger.`);
    byId("learned").replaceChildren(...versions.map(line));
    byId("learned-empty").hidden = versions.length > 0;
  }
}
