// The microphone of this page: opens, keeps sound to itself until it may flow, and stops at its source. Knows no network and no page.

const KEPT_CHUNKS = 156; // 5 s of 32 ms: what may be kept between the press and the opening of the capture
const RATE_HZ = 16000;

const PROBLEMS = {
  NotAllowedError: "The browser may not use the microphone. Allow it for this page (the icon left of the address), then press again.",
  SecurityError: "The browser may not use the microphone. Allow it for this page (the icon left of the address), then press again.",
  NotFoundError: "No microphone was found. Connect one, or type what you want.",
  NotReadableError: "The microphone is in use by another program. Close that, then press again.",
};

export class Microphone {
  #stream = null;
  #context = null;
  #opening = null;
  #closings = 0; // counts up, so that an opening under way notices that it is no longer wanted
  #kept = [];
  #send = null;

  /** @param {(peak: number) => void} onLevel called for each chunk with its peak, 0 to 1 */
  constructor(onLevel, onLost) {
    this.onLevel = onLevel;
    this.onLost = onLost;
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** Open the microphone and keep what it hears, sending nothing. Throws an Error with a sentence for the person. */
  async open() {
    if (this.isOpen) return;
    this.#opening ??= this.#start().finally(() => (this.#opening = null));
    await this.#opening;
  }

  /** Stop the microphone at its source and forget what was kept. */
  close() {
    this.#closings += 1;
    this.#send = null;
    this.#kept = [];
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#context?.close();
    this.#context = null;
  }

  /** Hand what was kept, then what is heard from now on, to `send`. */
  flow(send) {
    this.#send = send;
    for (const chunk of this.#kept.splice(0)) send(chunk);
  }

  /** Keep sound to itself again. */
  hold() {
    this.#send = null;
    this.#kept = [];
  }

  async #start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("This address may not use a microphone: open the page over https or on the machine itself.");
    }
    const closings = this.#closings;
    let stream;
    try {
      // Level and noise are left as they are: recognisers even out the level themselves, and a browser's gain clips loud speech.
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
      });
    } catch (error) {
      throw new Error(PROBLEMS[error.name] ?? "The microphone could not be opened. Check it, then press again.");
    }
    try {
      const { context, source } = makeSource(stream);
      this.#context = context;
      await context.audioWorklet.addModule("/static/capture-worklet.js");
      const capture = new AudioWorkletNode(context, "capture", { numberOfInputs: 1, numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
      capture.port.onmessage = ({ data }) => this.#take(data);
      source.connect(capture);
      await context.resume();
    } catch {
      stream.getTracks().forEach((track) => track.stop());
      this.#context?.close();
      this.#context = null;
      throw new Error("This browser cannot record sound for this page; a current Firefox, Chrome, Edge or Safari can.");
    }
    if (closings !== this.#closings) {
      stream.getTracks().forEach((track) => track.stop());
      this.#context?.close();
      this.#context = null;
      throw new Error("The microphone was closed again before it was ready.");
    }
    stream.getAudioTracks()[0].onended = () => {
      if (this.#stream !== stream) return;
      this.close();
      this.onLost();
    };
    this.#stream = stream;
  }

  #take({ chunk, peak }) {
    if (!this.isOpen) return;
    this.onLevel(peak);
    if (this.#send) {
      this.#send(chunk);
      return;
    }
    this.#kept.push(chunk);
    if (this.#kept.length > KEPT_CHUNKS) this.#kept.shift();
  }
}

/** A context at 16 kHz where the browser can bring the microphone there itself, else at its own rate (the worklet resamples). */
function makeSource(stream) {
  try {
    const context = new AudioContext({ sampleRate: RATE_HZ });
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    const context = new AudioContext();
    return { context, source: context.createMediaStreamSource(stream) };
  }
}
