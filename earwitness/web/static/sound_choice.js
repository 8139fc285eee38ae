// Choosing what an alarm rings with: the sounds there are, whether it begins softly, and a button to listen.

import { make } from "./elements.js";
import { attempt } from "./header.js";
import { loadRing, ring, rise } from "./ring.js";

let context = null;
let listening = null; // the choice that is listened to now

/** Fields for the sound of an alarm. `sounds` are the server's, `chosen` what it has now. */
export class SoundChoice {
  #token = 0;
  #end = () => {};

  constructor(sounds, { sound = "tone", isSoft = false } = {}) {
    const options = (music) => sounds.filter((one) => one.is_music === music).map((one) => make("option", { value: one.sound }, one.title));
    const music = options(true);
    this.select = make("select", { name: "sound" }, ...options(false), ...(music.length ? [make("optgroup", { label: "Music" }, ...music)] : []));
    if (!sounds.some((one) => one.sound === sound)) this.select.append(make("option", { value: sound }, "Music that is not there any more"));
    this.select.value = sound;
    this.soft = make("input", { type: "checkbox", name: "softly", checked: isSoft });
    this.button = make("button", { type: "button", class: "listen" }, "Listen");
    this.node = make(
      "div",
      { class: "sound" },
      make("label", { class: "grow" }, "Sound ", this.select),
      this.button,
      make("label", { class: "option" }, this.soft, " Begins softly, and is loud after a minute"),
    );
    this.button.addEventListener("click", () => (listening === this ? this.stop() : attempt(this.button, () => this.#listen())));
    for (const field of [this.select, this.soft]) field.addEventListener("change", () => this.stop());
  }

  get sound() {
    return this.select.value;
  }

  get isSoft() {
    return this.soft.checked;
  }

  async #listen() {
    listening?.stop();
    const token = (this.#token += 1);
    listening = this;
    this.button.textContent = "Stop";
    try {
      context ??= new AudioContext();
      await context.resume();
      const [buffer, risen] = await Promise.all([loadRing(context, this.sound), this.isSoft ? rise() : null]);
      if (listening === this && this.#token === token) this.#end = ring(context, buffer, { risen });
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  stop() {
    if (listening !== this) return;
    listening = null;
    this.#token += 1;
    this.#end();
    this.#end = () => {};
    this.button.textContent = "Listen";
  }
}
