// Choosing a voice: the list, its description, a sample, the speed. Remembers the choice in this browser.

import { byId, make } from "./elements.js";

const KEY = "earwitness.voice";
const SAMPLE = "Hello. This is how I sound when I answer you.";
const remembered = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};

export class Voices {
  #voices = [];
  #choice = remembered();

  /** @param {(choice: {name: string, speed: number}) => void} onChoose */
  constructor(onChoose) {
    this.onChoose = onChoose;
    byId("voice").addEventListener("change", () => this.#choose());
    byId("speed").addEventListener("input", () => this.#showSpeed());
    byId("speed").addEventListener("change", () => this.#choose());
    byId("speed").value = String(this.#choice.speed ?? 1);
    this.#showSpeed();
  }

  /** The fields of `hello` that carry the choice made earlier. */
  get hello() {
    const { name, speed } = this.#choice;
    return name ? { voice: name, speed } : {};
  }

  async load() {
    const answer = await fetch("/api/v1/voices");
    if (!answer.ok) return;
    const { voices, default: usual } = await answer.json();
    this.#voices = voices;
    const engines = [...new Set(voices.map((voice) => voice.engine))];
    byId("voice").replaceChildren(...engines.map((engine) => this.#group(engine)));
    const isKnown = voices.some((voice) => voice.name === this.#choice.name && voice.installed);
    if (!isKnown) this.#choice = { speed: this.#choice.speed };
    byId("voice").value = isKnown ? this.#choice.name : usual;
    this.#describe();
  }

  /** Play a sample through `player`; throws an Error with a sentence. */
  async listen(player) {
    const query = new URLSearchParams({ text: SAMPLE, voice: byId("voice").value, speed: byId("speed").value });
    const answer = await fetch(`/api/v1/say?${query}`);
    if (!answer.ok) throw new Error((await answer.json()).message);
    await player.file(await answer.arrayBuffer());
  }

  #group(engine) {
    const options = this.#voices
      .filter((voice) => voice.engine === engine)
      .map((voice) => make("option", { value: voice.name, disabled: !voice.installed }, `${voice.name} (${voice.language}, ${voice.gender})`));
    return make("optgroup", { label: engine }, ...options);
  }

  #choose() {
    this.#choice = { name: byId("voice").value, speed: Number(byId("speed").value) };
    localStorage.setItem(KEY, JSON.stringify(this.#choice));
    this.#describe();
    this.onChoose(this.#choice);
  }

  #describe() {
    const voice = this.#voices.find(({ name }) => name === byId("voice").value);
    byId("voice-about").textContent = voice?.description ?? "";
  }

  #showSpeed() {
    byId("speed-text").textContent = `${Number(byId("speed").value).toFixed(1)}×`;
  }
}
