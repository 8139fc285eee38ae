// The first start by voice: says each question, listens, shows what was understood and reads it back. The microphone is open only
// while it listens, and says so; nothing is kept. What may not be said aloud, such as a passphrase, is never asked for.

import { ask, postForBlob } from "./api.js";
import { byId } from "./elements.js";
import { Microphone } from "./microphone.js";
import { SpeechEnd } from "./speech_end.js";
import { wavOf } from "./wav.js";

const MOST_MISSES = 3;
const ASKED = { "step-home": ["home", "rooms"], "step-voice": ["wake_word", "voice"], "step-promise": ["promise"] };
const STATES = { saying: "Speaking …", listening: "Listening: the microphone is open.", thinking: "One moment …" };
const CUE_HZ = 880;
const CUE_SECONDS = 0.12;

class Over extends Error {} // another step was shown, or it was switched off

export class SpokenSetup {
  #turn = 0; // counts up, so that what was under way notices that it is over
  #finish = () => {};
  #isHurried = false; // whether somebody wants to answer before all is said
  #microphone = new Microphone(() => {}, () => this.#finish());
  #tones = null;

  /** `page` is what the steps' own script lends: what is asked, and how an answer is taken. */
  constructor({ sound, headers, page }) {
    this.sound = sound;
    this.headers = headers;
    this.page = page;
    this.isOn = false;
    byId("speak").addEventListener("click", () => (this.isOn ? this.stop("") : this.#start()));
    byId("speak-now").addEventListener("click", () => {
      this.#isHurried = byId("by-voice").dataset.state === "saying";
      this.page.stopReading();
      this.sound.stop();
      this.#finish();
    });
  }

  /** Lead through a step, if this is on; whatever was under way is over. */
  async lead(step) {
    const mine = ++this.#turn;
    this.#rest();
    if (!this.isOn) return;
    try {
      if (step === "step-owner") await this.#say(this.page.typed(), mine);
      for (const question of ASKED[step] ?? []) {
        if (!(await this.#question(question, mine))) return;
      }
      if (step in ASKED) this.page.submit();
    } catch (error) {
      if (!(error instanceof Over)) this.stop(error.message);
    } finally {
      if (mine === this.#turn) this.#rest();
    }
  }

  /** Switch it off, and say why. */
  stop(sentence) {
    this.#turn += 1;
    this.isOn = false;
    this.#rest();
    byId("speak").setAttribute("aria-pressed", "false");
    byId("speak-word").textContent = "Do this by voice";
    byId("speak-state").textContent = sentence;
  }

  #start() {
    this.isOn = true;
    this.sound.unlock();
    this.#tones ??= new AudioContext();
    this.#tones.resume();
    byId("speak").setAttribute("aria-pressed", "true");
    byId("speak-word").textContent = "Stop talking with me";
    byId("speak-heard").textContent = "";
    this.lead(this.page.step());
  }

  #rest() {
    this.#isHurried = false;
    this.sound.stop();
    this.#finish();
    this.#microphone.close();
    this.#show("");
  }

  #show(state) {
    byId("by-voice").dataset.state = state;
    byId("speak-state").textContent = STATES[state] ?? "";
    document.body.classList.toggle("light", state === "listening");
    byId("speak-now").hidden = !["saying", "listening"].includes(state);
    byId("speak-now").textContent = state === "listening" ? "That is all" : "Answer now";
  }

  #check(mine) {
    if (mine !== this.#turn) throw new Over();
  }

  /** Ask until it is answered and confirmed; gives whether to go on, false where one goes back. */
  async #question(question, mine) {
    const { page } = this;
    const asked = () => page.questions()[question];
    let [says, isConfirming, misses, undo] = [asked(), false, 0, () => {}];
    await this.#leadIn(question, mine);
    for (;;) {
      await this.#say(says, mine);
      const found = await this.#answer(question, isConfirming, mine);
      if (found.act === "nothing") {
        misses += 1;
        if (misses >= MOST_MISSES) throw new Error("I did not understand that. Type it, or press the button to try again by voice.");
        says = found.says;
        continue;
      }
      misses = 0;
      switch (found.act) {
        case "repeat":
          says = asked();
          isConfirming = false;
          await this.#leadIn(question, mine);
          break;
        case "back":
          page.back();
          return false;
        case "go_on":
          if (question !== "promise") return true;
          says = asked(); // that one is acknowledged, not passed over
          break;
        case "yes":
          if (question === "promise") page.acknowledge();
          return true;
        case "no":
          undo();
          says = found.says || asked();
          isConfirming = false;
          break;
        case "next":
          await this.#sound(await page.nextVoice(), mine);
          says = "Say: this one, next, or the name of a voice.";
          isConfirming = false;
          break;
        default:
          undo();
          undo = page.take(question, found);
          says = found.says;
          isConfirming = true;
      }
    }
  }

  /** What is heard before the question: a voice that one may choose, or what is to be acknowledged. */
  async #leadIn(question, mine) {
    if (question === "promise") {
      this.#show("saying");
      await this.page.read();
      this.#check(mine);
    } else if (question === "voice") await this.#sound(await this.page.sample(), mine);
  }

  async #say(text, mine) {
    this.#check(mine);
    if (this.#isHurried) return;
    this.#show("thinking");
    await this.#sound(await postForBlob("/setup/spoken", { voice: this.page.voice(), text }, this.headers), mine);
  }

  async #sound(blob, mine) {
    this.#check(mine);
    if (this.#isHurried) return;
    this.#show("saying");
    await this.sound.play(blob);
    this.#check(mine);
  }

  async #answer(question, isConfirming, mine) {
    const chunks = await this.#listen(mine);
    this.#check(mine);
    this.#show("thinking");
    const query = new URLSearchParams({ question, confirming: String(isConfirming) });
    const found = await ask("POST", `/setup/answer?${query}`, wavOf(chunks), this.headers);
    this.#check(mine);
    byId("speak-heard").textContent = found.heard ? `I heard: “${found.heard}”` : "I heard nothing.";
    return found;
  }

  /** Sound from the opening of the microphone until the answer is over; it is shut then. */
  async #listen(mine) {
    const chunks = [];
    const end = new SpeechEnd();
    this.#isHurried = false;
    await this.#cue();
    this.#check(mine);
    try {
      await new Promise((resolve, reject) => {
        this.#finish = resolve;
        this.#microphone.onLevel = (peak) => end.take(peak) && resolve();
        this.#microphone.open().then(() => {
          if (mine !== this.#turn) return resolve();
          this.#show("listening");
          this.#microphone.flow((chunk) => chunks.push(chunk));
        }, reject);
      });
    } finally {
      this.#finish = () => {};
      this.#microphone.close();
    }
    if (chunks.length === 0) chunks.push(new ArrayBuffer(1024)); // nothing was heard, which the server says better
    return chunks;
  }

  /** A tone, before any sound is taken. */
  async #cue() {
    const [tone, loudness] = [new OscillatorNode(this.#tones, { frequency: CUE_HZ }), new GainNode(this.#tones, { gain: 0.12 })];
    tone.connect(loudness).connect(this.#tones.destination);
    tone.start();
    tone.stop(this.#tones.currentTime + CUE_SECONDS);
    await new Promise((resolve) => tone.addEventListener("ended", resolve, { once: true }));
  }
}
