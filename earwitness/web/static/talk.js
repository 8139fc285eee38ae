// The rules between press, cue, microphone and session: nothing flows before the cue was heard and the indicator is on.

const ANSWER_MS = 4000; // a press that was not answered by a cue in this time is forgotten, and the microphone closed

export class Talk {
  #isPressing = false;
  #unanswered = 0;
  #isHandsFree = false;

  /** @param {{link: Link, microphone: Microphone, player: Player, say: (sentence: string) => void}} parts */
  constructor({ link, microphone, player, say }) {
    Object.assign(this, { link, microphone, player, say });
    this.state = "offline";
    this.isMuted = false;
    this.isInCall = false; // then the microphone is the call's
    this.onLight = () => {};
    link.addEventListener("cue", ({ detail }) => this.#cue(detail.cue));
    link.addEventListener("capture", ({ detail }) => (detail.open ? this.#openCapture() : this.#closeCapture()));
    link.addEventListener("lost", () => this.#lose());
  }

  /** The button went down. Pressing while it listens means "that was all". */
  async down() {
    if (this.isMuted) {
      this.say("You are muted. Switch mute off to talk, or type.");
      return;
    }
    if (!this.link.isOpen) return;
    if (this.state === "listening") {
      this.up();
      return;
    }
    if (this.#isPressing) return;
    this.#isPressing = true;
    try {
      this.player.stopAll();
      await Promise.all([this.player.unlock(), this.microphone.open()]);
      if (this.isMuted || !this.link.send("press")) this.#forget();
      this.#unanswered = setTimeout(() => this.#forget(), ANSWER_MS);
    } catch (error) {
      const isWanted = this.#isPressing;
      this.#forget();
      if (isWanted) this.say(error.message);
    }
  }

  /** The request is over: the button was let go after being held, or pressed again. */
  up() {
    this.link.send("release");
  }

  stop() {
    this.player.stopAll();
    this.player.endAlert();
    this.#forget();
    this.link.send("stop");
  }

  /** Mute stops the microphone at its source before anything else. */
  mute(isOn) {
    this.isMuted = isOn;
    if (isOn) {
      this.microphone.close();
      this.#isPressing = false;
      this.onLight(false);
    }
    this.link.send("mute", { on: isOn });
    if (!isOn && this.#isHandsFree) this.beginHandsFree();
  }

  /** What the server says it is doing. */
  follow(state) {
    if (this.state === "listening" && state !== "listening") this.#isPressing = false;
    this.state = state;
    if (state === "listening" || this.#isPressing) return;
    this.#closeUnlessUsed();
  }

  /** A call is over: the microphone is closed, unless it is open for something else. */
  endCall() {
    this.isInCall = false;
    this.onLight(false);
    if (this.state !== "listening") this.#closeUnlessUsed();
  }

  #closeUnlessUsed() {
    if (!this.#isHandsFree && !this.isInCall) this.microphone.close();
  }

  /** The session is hands-free: sound flows to this machine's own wake word detector. */
  async beginHandsFree() {
    this.#isHandsFree = true;
    if (this.isMuted) return;
    await this.player.unlock();
    await this.microphone.open();
    this.microphone.flow((chunk) => this.link.sendSound(chunk));
  }

  endHandsFree() {
    this.#isHandsFree = false;
    this.microphone.close();
  }

  async #cue(name) {
    try {
      if (name === "start") {
        clearTimeout(this.#unanswered);
        if (this.isMuted) return;
        await this.microphone.open();
        this.onLight(true);
      }
      await this.player.cue(name);
      this.link.send("cue_done", { cue: name });
    } catch (error) {
      if (name !== "start") return;
      this.#forget();
      this.say(error.message);
      this.link.send("stop");
    }
  }

  #openCapture() {
    this.#isPressing = false;
    if (this.isMuted) return;
    this.microphone.flow((chunk) => this.link.sendSound(chunk));
  }

  #closeCapture() {
    this.onLight(this.isInCall);
    this.#closeUnlessUsed();
  }

  #forget() {
    clearTimeout(this.#unanswered);
    this.#isPressing = false;
    this.onLight(this.isInCall);
    this.#closeUnlessUsed();
  }

  #lose() {
    clearTimeout(this.#unanswered);
    this.#isPressing = false;
    this.onLight(false);
    this.microphone.close();
    this.player.stopAll();
    this.player.endAlert();
  }
}
