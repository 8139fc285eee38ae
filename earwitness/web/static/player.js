// The loudspeaker of this page: cues, alerts and replies as they stream in. Knows no network beyond fetching the cues.

const CUES = ["start", "end", "error", "alert"];
const LEAD_SECONDS = 0.03;

export class Player {
  #context = null;
  #cueFiles = new Map();
  #cues = new Map();
  #speeches = new Map();
  #alert = null;
  #isRinging = false;

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
    this.#context ??= new AudioContext();
    if (this.#context.state !== "running") await this.#context.resume();
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

  /** Ring until `endAlert`. */
  async startAlert() {
    if (this.#isRinging || !this.canSound) return;
    this.#isRinging = true;
    const buffer = await this.#cue("alert");
    if (!this.#isRinging || this.#alert) return; // stopped while the cue was being decoded
    const gain = new GainNode(this.#context, { gain: 0.6 });
    gain.connect(this.#context.destination);
    this.#alert = new AudioBufferSourceNode(this.#context, { buffer, loop: true });
    this.#alert.connect(gain);
    this.#alert.start();
  }

  endAlert() {
    this.#isRinging = false;
    this.#alert?.stop();
    this.#alert = null;
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
    const buffer = new AudioBuffer({ length: samples.length, numberOfChannels: 1, sampleRate: speech.rateHz });
    buffer.copyToChannel(Float32Array.from(samples, (sample) => sample / 32768), 0);
    const at = Math.max(this.#context.currentTime + LEAD_SECONDS, speech.nextAt);
    speech.nextAt = at + buffer.duration;
    const source = this.#play(buffer, at);
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

  #play(buffer, at) {
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
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
