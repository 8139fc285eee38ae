// The microphone's thread: brings the sound to 16 kHz int16 and posts it in chunks of 512 samples (32 ms). It sends nothing anywhere.

const RATE_HZ = 16000;
const CHUNK_SAMPLES = 512;
const HALF_WIDTH = 16; // taps on each side, counted in output samples
const PHASES = 128;
const CUTOFF = 0.45; // of the output rate; the rest is room for the filter's slope

/** Windowed-sinc resampler (Smith, "Digital Audio Resampling") with its kernel in a table of PHASES positions. */
class Resampler {
  constructor(rateHz) {
    this.step = rateHz / RATE_HZ;
    this.reach = Math.ceil(HALF_WIDTH * this.step);
    this.kernel = this.makeKernel();
    this.past = new Float32Array(2 * this.reach + 1);
    this.at = this.reach; // where the next output sample lies in `past` followed by new input
  }

  makeKernel() {
    const taps = 2 * this.reach + 1;
    const kernel = [];
    for (let phase = 0; phase <= PHASES; phase += 1) {
      const row = new Float32Array(taps);
      let sum = 0;
      for (let tap = 0; tap < taps; tap += 1) {
        const offset = (tap - this.reach - phase / PHASES) / this.step;
        const x = 2 * CUTOFF * offset;
        const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
        const edge = offset / (HALF_WIDTH + 1);
        row[tap] = Math.abs(edge) < 1 ? sinc * (0.5 + 0.5 * Math.cos(Math.PI * edge)) : 0;
        sum += row[tap];
      }
      kernel.push(row.map((value) => value / sum));
    }
    return kernel;
  }

  /** Take input samples; call `emit` with each output sample. */
  take(input, emit) {
    const all = new Float32Array(this.past.length + input.length);
    all.set(this.past);
    all.set(input, this.past.length);
    while (this.at + this.reach + 1 < all.length) {
      const whole = Math.floor(this.at);
      const row = this.kernel[Math.round((this.at - whole) * PHASES)];
      let sum = 0;
      for (let tap = 0; tap < row.length; tap += 1) sum += row[tap] * all[whole - this.reach + tap];
      emit(sum);
      this.at += this.step;
    }
    const keepFrom = Math.max(0, Math.floor(this.at) - this.reach);
    this.past = all.slice(keepFrom);
    this.at -= keepFrom;
  }
}

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = sampleRate === RATE_HZ ? null : new Resampler(sampleRate);
    this.chunk = new Int16Array(CHUNK_SAMPLES);
    this.count = 0;
    this.peak = 0;
  }

  process(inputs) {
    const input = inputs[0]?.[0];
    if (!input) return true;
    const emit = (value) => this.add(value);
    if (this.resampler) this.resampler.take(input, emit);
    else input.forEach(emit);
    return true;
  }

  add(value) {
    const clipped = Math.max(-1, Math.min(1, value));
    this.peak = Math.max(this.peak, Math.abs(clipped));
    this.chunk[this.count] = Math.round(clipped * 32767);
    this.count += 1;
    if (this.count < CHUNK_SAMPLES) return;
    this.port.postMessage({ chunk: this.chunk.buffer, peak: this.peak }, [this.chunk.buffer]);
    this.chunk = new Int16Array(CHUNK_SAMPLES);
    this.count = 0;
    this.peak = 0;
  }
}

registerProcessor("capture", Capture);
