// Rings on a page: a sound played again and again, and, if it begins softly, louder as the server's curve says. Knows no alerts.

import { ask, askBlob } from "./api.js";

const LEVEL = 0.6;

/** @type {Promise<{seconds: number, levels: number[]}> | null} */
let curve = null;

/** The curve of what begins softly: levels at equal distances over so many seconds. */
export function rise() {
  curve ??= ask("GET", "/sounds").then((told) => told.rise);
  curve.catch(() => {
    curve = null; // asked again the next time
  });
  return curve;
}

/** The sound of that name as the server has it, decoded. */
export async function loadRing(context, sound) {
  const { blob } = await askBlob(`/sounds/wave?sound=${encodeURIComponent(sound)}`);
  return context.decodeAudioData(await blob.arrayBuffer());
}

/** Ring until the function that this gives is called. With `risen` (a curve) as one that began softly `rungSeconds` ago. */
export function ring(context, buffer, { risen = null, rungSeconds = 0 } = {}) {
  const gain = new GainNode(context, { gain: LEVEL });
  if (risen) {
    const step = risen.seconds / (risen.levels.length - 1);
    const begins = Math.min(risen.levels.length - 1, Math.floor(rungSeconds / step));
    gain.gain.setValueAtTime(LEVEL * risen.levels[begins], context.currentTime);
    risen.levels.forEach((level, index) => {
      const at = index * step - rungSeconds;
      if (at > 0) gain.gain.linearRampToValueAtTime(LEVEL * level, context.currentTime + at);
    });
  }
  gain.connect(context.destination);
  const source = new AudioBufferSourceNode(context, { buffer, loop: true });
  source.connect(gain);
  source.start();
  return () => {
    source.stop();
    gain.disconnect();
  };
}
