// One kept turn as an article: what was heard, understood and done, and what its person can do with it.

import { ask, askBlob } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { icon, make } from "./elements.js";
import { attempt, inform } from "./header.js";
import { receiptButton, sayErased } from "./receipt.js";
import { count, sayClock, sayMoment, sayRelative, saySeconds } from "./times.js";
import { bars, chips, outcomeBadge, why } from "./turn_parts.js";

let made = 0;

const line = (who, name, ...nodes) => make("div", { class: `line ${name}` }, make("span", { class: "who" }, who), make("p", {}, ...nodes));

export class HistoryTurn {
  #recording;
  #sound = null;
  #id = `turn-${(made += 1)}`;
  onDeleted = () => {};

  constructor(recording) {
    this.node = make("article", { class: "card kept-turn", "aria-labelledby": this.#id, "data-turn": recording.turn_id });
    this.#show(recording);
  }

  focus() {
    this.node.querySelector("h3").focus();
  }

  /** Let go of the sound. */
  close() {
    if (this.#sound) URL.revokeObjectURL(this.#sound.src);
    this.#sound = null;
  }

  #show(recording) {
    this.#recording = recording;
    this.player = make("div", { class: "player", hidden: true });
    this.slot = make("div", { class: "form-slot" });
    this.node.replaceChildren(this.#head(), ...this.#lines(), ...this.#timings(), this.#fate(), this.player, this.slot, this.#buttons());
    this.node.classList.toggle("restricted", recording.restricted);
    if (this.#sound) this.#showSound();
  }

  #head() {
    const { began_at: began, transcript, restricted, area } = this.#recording;
    return make(
      "header",
      {},
      make("h3", { id: this.#id, class: "said", tabindex: "-1" }, transcript || "(nothing)"),
      make("p", { class: "quiet" }, make("time", { datetime: began, title: sayMoment(began) }, sayClock(began)), area ? ` · ${area}` : "", restricted ? make("span", { class: "badge" }, "Restricted: opened by nobody but you") : ""),
    );
  }

  #lines() {
    const { heard, corrected_at: corrected, intent, slots, outcome, reply } = this.#recording;
    const reason = why(this.#recording);
    return [
      ...(corrected ? [line("Heard", "heard", `“${heard}”, corrected by you ${sayRelative(corrected)}`)] : []),
      line("Understood", "did", ...chips(intent, slots), " ", outcomeBadge(outcome)),
      ...(reply ? [line("Reply", "reply", reply)] : []),
      ...(reason ? [make("p", { class: "quiet" }, reason)] : []),
    ];
  }

  #timings() {
    const rows = bars(this.#recording.timings_ms);
    if (rows.length === 0) return [];
    return [make("details", {}, make("summary", {}, "Time per stage"), make("ul", { class: "bars" }, ...rows))];
  }

  #fate() {
    const { audio_seconds: seconds, expires_at: expires, listens, turn_id: id } = this.#recording;
    const what = seconds > 0 ? `Sound (${saySeconds(seconds)}) and words` : "The words alone";
    const listened = listens === 0 ? "Nobody else opened it" : `Others opened it ${listens === 1 ? "once" : count(listens, "time")}`;
    return make("p", { class: "fate quiet" }, `${what}, kept until `, make("time", { datetime: expires }, sayMoment(expires)), ` (${sayRelative(expires)}). ${listened}: `, make("a", { href: `/listens?turn=${id}` }, "who listened"), ".");
  }

  #buttons() {
    const { audio_seconds: seconds, restricted, transcript } = this.#recording;
    const button = (name, picture, words, work) => {
      const made = make("button", { type: "button", "data-do": name }, icon(picture), words, make("span", { class: "hidden" }, `: ${transcript || "(nothing)"}`));
      made.addEventListener("click", () => work(made));
      return made;
    };
    return make(
      "div",
      { class: "choices" },
      ...(seconds > 0 ? [button("play", "i-play", "Play", (pressed) => this.#play(pressed))] : []),
      button("correct", "i-pencil", "Correct", () => this.#correct()),
      button("false-wake", "i-mic-off", "Not for you", (pressed) => this.#markFalseWake(pressed)),
      button("restrict", "i-shield", restricted ? "Allow again" : "Restrict", (pressed) => this.#restrict(pressed)),
      button("delete", "i-bin", "Delete", () => this.#delete()),
    );
  }

  #press(name) {
    this.node.querySelector(`[data-do="${name}"]`)?.focus();
  }

  /** Fetch the sound and play it; each press is one listen on record. */
  #play(pressed) {
    return attempt(pressed, async () => {
      const { blob } = await askBlob(`/history/${this.#recording.turn_id}/audio`);
      this.close();
      this.#sound = make("audio", { controls: true, src: URL.createObjectURL(blob), "aria-label": `Recording: ${this.#recording.transcript}` });
      this.#showSound();
      await this.#sound.play().catch(() => {}); // the controls are there where the browser does not let it begin
    });
  }

  #showSound() {
    this.player.replaceChildren(this.#sound);
    this.player.hidden = false;
  }

  #correct() {
    const id = `${this.#id}-words`;
    const field = make("input", { id, value: this.#recording.transcript, maxlength: "1000", required: true, autocomplete: "off" });
    const keep = make("button", { type: "submit", class: "main" }, "Save");
    const cancel = make("button", { type: "button" }, "Cancel");
    const form = make("form", { class: "correct" }, make("label", { for: id }, "What you really said"), make("div", { class: "row" }, field, keep, cancel));
    const end = () => {
      this.slot.replaceChildren();
      this.#press("correct");
    };
    cancel.addEventListener("click", end);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") end();
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const isSaved = await attempt(keep, async () => this.#show(await ask("POST", `/history/${this.#recording.turn_id}/judgement`, { transcript: field.value })));
      if (isSaved) this.#press("correct");
    });
    this.slot.replaceChildren(form);
    field.focus();
    field.select();
  }

  /** Nobody had called: noted with the turn, for nobody else. */
  async #markFalseWake(pressed) {
    const isDone = await attempt(pressed, async () => {
      await ask("POST", `/history/${this.#recording.turn_id}/judgement`, { false_wake: true });
      inform("Noted: nobody had called me there.");
    });
    if (isDone) this.#press("false-wake");
  }

  async #restrict(pressed) {
    const restricted = !this.#recording.restricted;
    const isDone = await attempt(pressed, async () => {
      await ask("PUT", `/history/${this.#recording.turn_id}/restriction`, { restricted });
      this.#show({ ...this.#recording, restricted });
    });
    if (isDone) this.#press("restrict");
  }

  async #delete() {
    const { turn_id: id, transcript } = this.#recording;
    let erasure = null;
    await choose({
      title: "Delete this turn?",
      body: [make("p", { class: "said" }, transcript || "(nothing)"), make("p", {}, "Its sound and its words are gone for good at once. You get a receipt.")],
      choices: [{ value: "delete", label: "Delete for good", tone: "danger" }, CANCEL],
      act: async () => {
        erasure = await ask("DELETE", `/history/${id}`);
      },
    });
    if (erasure === null) return;
    this.close();
    const said = make("p", { tabindex: "-1", class: "grow", role: "status" }, `Deleted: ${sayErased(erasure)}.`);
    this.node.removeAttribute("aria-labelledby");
    this.node.setAttribute("aria-label", "A deleted turn");
    this.node.classList.add("gone");
    this.node.replaceChildren(make("div", { class: "with-button" }, said, receiptButton(erasure)));
    said.focus();
    this.onDeleted();
  }
}
