// The consents as cards: the text that is consented to, a switch, since when, and objecting. The server decides.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { make, setSwitch } from "./elements.js";
import { attempt } from "./header.js";
import { KeepChoice } from "./keep_choice.js";
import { count, sayMoment, sayPeriod } from "./times.js";

const NEEDS_KEPT = ["review", "hear", "train"];

/** Since when something is on or off, in words. */
function state(decision) {
  if (!decision) return "Off: you never switched it on.";
  const since = `since ${sayMoment(decision.decided_at)}`;
  if (decision.objection) return `You object ${since}: it stays off until you lift that here.`;
  return decision.given ? `On ${since}.` : `Off ${since}.`;
}

export class Consents {
  #cards = new Map();
  #me = null;
  onDecided = () => {};

  constructor(place) {
    this.place = place;
  }

  clear() {
    this.#me = null;
    this.#cards.clear();
    this.place.replaceChildren();
  }

  show(me) {
    this.#me = me;
    if (this.#cards.size === 0) this.place.append(...me.texts.map((text) => this.#card(text)));
    for (const text of me.texts) this.#fill(text.purpose);
  }

  #card({ purpose, title, text }) {
    const id = `consent-${purpose}`;
    const toggle = make("button", { type: "button", role: "switch", class: "switch", id, "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-text ${id}-state` }, make("span", { class: "track", "aria-hidden": "true" }), make("span", { class: "switch-word", "aria-hidden": "true" }));
    const since = make("p", { class: "since", id: `${id}-state` });
    const note = make("p", { class: "quiet" });
    const object = make("button", { type: "button", class: "plain-button" });
    const former = make("p");
    const agree = make("button", { type: "button", class: "plain-button" }, "Agree to the text above", make("span", { class: "hidden" }, `: ${title}`));
    const earlier = make("div", { class: "earlier" }, make("p", {}, "You agreed to an earlier text. What the one above adds does not count for you until you agree to it, and what cannot be done without that is left."), make("details", {}, make("summary", {}, "What you agreed to"), former), agree);
    earlier.hidden = true;
    const choice = purpose === "keep" ? new KeepChoice((wish) => this.#change(wish)) : null;
    toggle.addEventListener("click", () => this.#toggle(purpose));
    object.addEventListener("click", () => this.#object(purpose));
    agree.addEventListener("click", () => this.#agree(purpose));
    earlier.querySelector("details").addEventListener("toggle", () => this.#showFormer(purpose));
    this.#cards.set(purpose, { toggle, since, note, object, agree, earlier, former, choice, title });
    return make(
      "article",
      { class: "card consent", "aria-labelledby": `${id}-title` },
      make("div", { class: "setting" }, make("h3", { id: `${id}-title`, class: "grow" }, title), toggle),
      make("p", { id: `${id}-text` }, text),
      earlier,
      note,
      ...(choice ? [choice.node] : []),
      make("div", { class: "standing" }, since, object),
    );
  }

  #fill(purpose) {
    const { toggle, since, note, object, earlier, choice, title } = this.#cards.get(purpose);
    const decision = this.#me.consents[purpose];
    earlier.hidden = !(decision?.given && decision.text_version < this.#text(purpose).version);
    setSwitch(toggle, decision?.given === true);
    since.textContent = state(decision);
    note.textContent = decision?.given && NEEDS_KEPT.includes(purpose) && !this.#me.keeping ? "Nothing of yours is kept from now on, so there is nothing new to use." : "";
    object.replaceChildren(decision?.objection ? "Lift the objection" : "Object …", make("span", { class: "hidden" }, `: ${title}`));
    choice?.show(this.#me.keeping);
  }

  #text(purpose) {
    return this.#me.texts.find((text) => text.purpose === purpose);
  }

  /** The text that was shown when they agreed. */
  async #showFormer(purpose) {
    const { earlier, former } = this.#cards.get(purpose);
    if (!earlier.querySelector("details").open) return;
    await attempt(earlier.querySelector("summary"), async () => {
      const id = this.#me.consents[purpose]?.decision_id;
      const shown = (await ask("GET", "/me/consents")).find((decision) => decision.decision_id === id);
      former.textContent = shown?.text.text ?? "";
    });
  }

  /** Again, without a moment in which it is off: what was learned so far stays. */
  #agree(purpose) {
    const { agree, toggle } = this.#cards.get(purpose);
    const { keeping } = this.#me;
    const wish = purpose === "keep" && keeping ? { retention: keeping.retention_seconds, keeps: keeping.keeps } : {};
    return attempt(agree, async () => {
      this.onDecided(await ask("PUT", `/me/consents/${purpose}`, { given: true, ...wish }), "From now on the text above counts.");
      toggle.focus();
    });
  }

  async #toggle(purpose) {
    const decision = this.#me.consents[purpose];
    if (decision?.given) return purpose === "keep" ? this.#stopKeeping() : this.#put(purpose, { given: false }, "Switched off. It takes effect at once.");
    if (decision?.objection && !(await this.#isLifted(purpose))) return undefined;
    const wish = purpose === "keep" ? this.#cards.get("keep").choice.wish() : {};
    if (wish === null) return undefined;
    const said = purpose === "keep" ? "Switched on: what you say from now on is kept." : "Switched on.";
    return this.#put(purpose, { given: true, lifts_objection: decision?.objection === true, ...wish }, said);
  }

  /** Other terms for what is kept anyway. */
  async #change(wish) {
    const { keeping, kept } = this.#me;
    const now = this.#cards.get("keep").choice;
    if (kept.recordings && now.seconds() < keeping.retention_seconds) {
      const answer = await choose({
        title: `Keep for ${sayPeriod(now.seconds())} only?`,
        body: [make("p", {}, `That also holds for the ${count(kept.recordings, "recording")} that you have: what is older than ${sayPeriod(now.seconds())} is deleted at once.`)],
        choices: [{ value: "shorten", label: "Keep it shorter", tone: "main" }, CANCEL],
      });
      if (answer !== "shorten") return;
    }
    await this.#put("keep", { given: true, ...wish }, `From now on what you say is kept for ${sayPeriod(now.seconds())}.`);
  }

  async #stopKeeping() {
    const { kept } = this.#me;
    if (kept.recordings === 0) return this.#put("keep", { given: false }, "Switched off: nothing of what you say is kept any more.");
    const many = count(kept.recordings, "recording");
    const answer = await choose({
      title: "Also delete what is kept already?",
      body: [make("p", {}, `From now on nothing more is kept. There ${kept.recordings === 1 ? "is" : "are"} ${many} of you. They can stay until each expires, or go now, for good.`)],
      choices: [{ value: "keep", label: "Keep until they expire" }, { value: "delete", label: `Delete ${many} now`, tone: "danger" }, CANCEL],
    });
    if (answer === null) return undefined;
    const said = answer === "delete" ? `Switched off, and ${many} deleted: the receipt is below.` : `Switched off. ${many} stay until they expire.`;
    return this.#put("keep", { given: false, deletes_kept: answer === "delete" }, said);
  }

  async #object(purpose) {
    const decision = this.#me.consents[purpose];
    const { title } = this.#cards.get(purpose);
    if (decision?.objection) {
      await this.#put(purpose, { given: false, lifts_objection: true }, "The objection is lifted. It stays off until you switch it on.");
      return;
    }
    const { recordings } = this.#me.kept;
    const isStillKept = purpose === "keep" && recordings > 0;
    const answer = await choose({
      title: `Object to “${title}”?`,
      body: [
        make("p", {}, "It ends at once, and it stays off until you lift the objection on this page: no program, and nothing said by voice, can switch it on again."),
        ...(isStillKept ? [make("p", {}, `The ${count(recordings, "recording")} kept already stay until they expire, unless you delete them in your history.`)] : []),
      ],
      choices: [{ value: "object", label: "Object", tone: "main" }, CANCEL],
    });
    if (answer !== "object") return;
    await this.#attempt(purpose, async () => this.onDecided(await ask("POST", `/me/objections/${purpose}`), "Your objection stands from now on."));
  }

  async #isLifted(purpose) {
    const answer = await choose({
      title: "Lift your objection?",
      body: [make("p", {}, `You object to “${this.#cards.get(purpose).title}” ${state(this.#me.consents[purpose]).match(/since [^:]+/)?.[0] ?? ""}. Switching it on lifts the objection.`)],
      choices: [{ value: "lift", label: "Lift it and switch on", tone: "main" }, CANCEL],
    });
    return answer === "lift";
  }

  #put(purpose, wish, said) {
    return this.#attempt(purpose, async () => this.onDecided(await ask("PUT", `/me/consents/${purpose}`, wish), said));
  }

  #attempt(purpose, work) {
    return attempt(this.#cards.get(purpose).toggle, work);
  }
}
