// Tells from the peaks of a microphone's chunks (32 ms each) when somebody has answered. Pure: no sound, no clock.

const FLOOR_CHUNKS = 6; // as long as the room is listened to before anybody speaks
const QUIETEST = 0.015;
const ABOVE_FLOOR = 3;
const BEGINS_AFTER = 3; // loud chunks: a click is no word
const ENDS_AFTER = 30; // quiet chunks: about a second
const NOTHING_AFTER = 220; // seven seconds
const LONGEST = 400; // 13 s

export class SpeechEnd {
  #count = 0;
  #floor = Infinity;
  #loud = 0;
  #quiet = 0;
  hasSpoken = false;

  /** Take the next chunk's peak (0 to 1); gives whether the answer is over. */
  take(peak) {
    this.#count += 1;
    if (this.#count <= FLOOR_CHUNKS) this.#floor = Math.min(this.#floor, peak);
    const isLoud = peak > Math.max(QUIETEST, ABOVE_FLOOR * this.#floor);
    this.#loud = isLoud ? this.#loud + 1 : 0;
    this.#quiet = isLoud ? 0 : this.#quiet + 1;
    if (this.#loud >= BEGINS_AFTER) this.hasSpoken = true;
    if (this.#count >= LONGEST) return true;
    return this.hasSpoken ? this.#quiet >= ENDS_AFTER : this.#count >= NOTHING_AFTER;
  }
}
