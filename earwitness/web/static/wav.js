// Chunks of 16 kHz mono int16 as one WAV file.

const RATE_HZ = 16000;
const BYTES = 2;

/** A Blob of the chunks (ArrayBuffers), with the 44 bytes that a WAV file begins with. */
export function wavOf(chunks) {
  const length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const head = new DataView(new ArrayBuffer(44));
  const write = (at, text) => [...text].forEach((letter, index) => head.setUint8(at + index, letter.charCodeAt(0)));
  write(0, "RIFF");
  head.setUint32(4, 36 + length, true);
  write(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, RATE_HZ, true);
  head.setUint32(28, RATE_HZ * BYTES, true);
  head.setUint16(32, BYTES, true);
  head.setUint16(34, 8 * BYTES, true);
  write(36, "data");
  head.setUint32(40, length, true);
  return new Blob([head.buffer, ...chunks], { type: "audio/wav" });
}
