// One sound at a time, which somebody who pressed a button let begin later too.

export class OneSound {
  #audio = new Audio();
  #stop = () => {};

  /** While somebody presses a button: let the sound begin later too, when speaking it took its time. Browsers forbid it else. */
  unlock() {
    this.#stop();
    this.#audio.removeAttribute("src"); // the last sound is gone
    this.#audio.load();
  }

  stop() {
    this.#stop();
  }

  /** Play a Blob; gives whether it came to its end, which it does not when it is stopped. */
  async play(blob) {
    this.#stop();
    const audio = this.#audio;
    audio.src = URL.createObjectURL(blob);
    const isWhole = await new Promise((resolve, reject) => {
      this.#stop = () => {
        audio.pause();
        resolve(false);
      };
      audio.onended = () => resolve(true);
      audio.onerror = () => reject(new Error("That cannot be played here."));
      audio.play().catch(reject);
    });
    URL.revokeObjectURL(audio.src);
    this.#stop = () => {};
    return isWhole;
  }
}
