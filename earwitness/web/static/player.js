// The loudspeaker of this page: cues, alerts and replies as they stream in. Knows no network beyond fetching the cues.

import { loadRing, ring, rise } from "./ring.js";

const CUES = ["start", "end", "error", "alert"];
const LEAD_SECONDS = 0.03;
const LONGEST_CALL_DELAY = 0.4; // seconds

export class Player {
  #context = null;
  #cueFiles = new Map();
  #cues = new Map();
  #speeches = new Map();
  #endRing = null;
  #ringing = ""; // with what, in words of its own

  #gain = null;
  #volume = 1;

  /** @param {(id: number, state: "started" | "finished") => void} onPlayback */
  constructor(onPlayback) {
    this.onPlayback = onPlayback;
    for (const name of CUES) {
      const file = fetch(`/api/v1/cues/${name}`).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(name))));
      file.catch(() => {});
      this.#cueFiles.set(name, file);
    }
  }

  /** Browsers let a page sound only after a gesture; call this in one. */
  async unlock() {
    if (!this.#context) {
      this.#context = new AudioContext();
      this.#gain = new GainNode(this.#context, { gain: this.#volume });
      this.#gain.connect(this.#context.destination);
    }
    if (this.#context.state !== "running") await this.#context.resume();
  }

  /** How loud replies are, 0 to 1. Cues are heard whatever it is: no recording is silent. */
  set volume(volume) {
    this.#volume = volume;
    if (this.#gain) this.#gain.gain.value = volume;
  }

  get canSound() {
    return this.#context?.state === "running";
  }

  /** Play a cue to its end. Throws if it cannot be heard: then there must be no capture. */
  async cue(name) {
    if (!this.canSound) throw new Error("The cue cannot be played before you press something on this page.");
    const buffer = await this.#cue(name);
    await new Promise((resolve) => {
      const source = this.#play(buffer, this.#context.currentTime);
      source.onended = resolve;
    });
  }

  /** Ring until `endAlert`, with a sound of the server's; with `softSince` (of performance.now) as one that began softly then. */
  async startAlert({ sound = "", softSince = null } = {}) {
    const wanted = `${softSince} ${sound}`;
    if (this.#ringing === wanted || !this.canSound) return;
    this.endAlert();
    this.#ringing = wanted;
    const tone = () => this.#cue("alert");
    const [buffer, risen] = await Promise.all([sound ? loadRing(this.#context, sound).catch(tone) : tone(), softSince === null ? null : rise().catch(() => null)]);
    if (this.#ringing !== wanted) return; // stopped, or another sound, while this one was on its way
    this.#endRing = ring(this.#context, buffer, { risen, rungSeconds: (performance.now() - softSince) / 1000 });
  }

  endAlert() {
    this.#ringing = "";
    this.#endRing?.();
    this.#endRing = null;
  }

  /** A reply begins; its samples follow. A second call for the same id changes nothing. */
  begin(id, rateHz) {
    if (this.#speeches.has(id)) return;
    this.#speeches.set(id, { rateHz, nextAt: 0, sources: new Set(), hasStarted: false, isAllHere: false });
  }

  /** Play int16 samples of a reply after those before. Samples of a reply that was stopped are dropped. */
  push(id, samples) {
    const speech = this.#speeches.get(id);
    if (!speech || !this.canSound) return;
    if (id === 0 && speech.nextAt - this.#context.currentTime > LONGEST_CALL_DELAY) return; // a call is now: what is late is left out
    const buffer = new AudioBuffer({ length: samples.length, numberOfChannels: 1, sampleRate: speech.rateHz });
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const at = Math.max(this.#context.currentTime + LEAD_SECONDS, speech.nextAt);
    speech.nextAt = at + buffer.duration;
    const source = this.#play(buffer, at, this.#gain);
    speech.sources.add(source);
    source.onended = () => {
      speech.sources.delete(source);
      this.#finishIfDone(id, speech);
    };
    if (speech.hasStarted) return;
    speech.hasStarted = true;
    setTimeout(() => this.onPlayback(id, "started"), 1000 * (at - this.#context.currentTime + (this.#context.outputLatency || 0)));
  }

  end(id) {
    const speech = this.#speeches.get(id);
    if (!speech) return;
    speech.isAllHere = true;
    this.#finishIfDone(id, speech);
  }

  /** Silence one reply at once. */
  stop(id) {
    const speech = this.#speeches.get(id);
    if (!speech) return;
    this.#speeches.delete(id);
    for (const source of speech.sources) {
      source.onended = null;
      source.stop();
    }
    this.onPlayback(id, "finished");
  }

  /** Silence every reply at once. */
  stopAll() {
    for (const id of [...this.#speeches.keys()]) this.stop(id);
  }

  /** Play a whole sound file, to try a voice. */
  async file(bytes) {
    await this.unlock();
    const buffer = await this.#context.decodeAudioData(bytes);
    await new Promise((resolve) => (this.#play(buffer, this.#context.currentTime).onended = resolve));
  }

  #play(buffer, at, to = this.#context.destination) {
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(to);
    source.start(at);
    return source;
  }

  async #cue(name) {
    if (!this.#cues.has(name)) {
      const bytes = await this.#cueFiles.get(name);
      this.#cues.set(name, await this.#context.decodeAudioData(bytes.slice(0)));
    }
    return this.#cues.get(name);
  }

  #finishIfDone(id, speech) {
    if (!speech.isAllHere || speech.sources.size > 0 || this.#speeches.get(id) !== speech) return;
    this.#speeches.delete(id);
    this.onPlayback(id, "finished");
  }
}
