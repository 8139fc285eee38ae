// A call on this page: a banner while it rings there or is open, and sound both ways while it is. Nothing flows before it is open.

import { byId, icon, make } from "./elements.js";

export const CALL_SOUND = 0; // the speech id of what is said at the other end

export class Calls {
  /** @param {{link: Link, microphone: Microphone, player: Player, talk: Talk, say: (sentence: string) => void}} parts */
  constructor({ link, microphone, player, talk, say }) {
    Object.assign(this, { link, microphone, player, talk, say });
    link.addEventListener("intercom", ({ detail }) => this.#follow(detail));
    link.addEventListener("alert", ({ detail }) => detail.kind === "call" && byId("call").replaceChildren()); // it rings here
    link.addEventListener("lost", () => this.#end());
    link.addEventListener("welcome", () => this.#end());
  }

  /** The buttons for a call that rings here. */
  answering() {
    const answer = make("button", { type: "button", class: "answer" }, "Answer");
    const decline = make("button", { type: "button" }, "Decline");
    answer.addEventListener("click", () => this.#answer());
    decline.addEventListener("click", () => this.talk.stop());
    return [answer, decline];
  }

  async #answer() {
    if (this.talk.isMuted) {
      this.say("You are muted. Switch mute off, then answer.");
      return;
    }
    try {
      await Promise.all([this.player.unlock(), this.microphone.open()]);
      this.talk.isInCall = true; // the microphone that is open now stays so
      this.link.send("press");
    } catch (error) {
      this.say(error.message);
    }
  }

  #follow({ state, peer }) {
    if (state === "ringing") this.#show(`Ringing: ${peer}`, "Stop calling", () => this.link.send("ask", { text: "hang up" }));
    else if (state === "open") this.#open(peer);
    else this.#end();
  }

  async #open(peer) {
    this.talk.isInCall = true;
    this.#show(`In a call with ${peer}`, "Hang up", () => this.link.send("press"));
    this.player.begin(CALL_SOUND, 16000);
    try {
      await Promise.all([this.player.unlock(), this.microphone.open()]);
      if (!this.talk.isInCall) return;
      this.talk.onLight(true);
      this.microphone.flow((chunk) => this.link.sendSound(chunk));
    } catch (error) {
      this.say(error.message);
      if (this.talk.isInCall) this.link.send("press");
    }
  }

  #end() {
    byId("call").replaceChildren();
    if (!this.talk.isInCall) return;
    this.player.stop(CALL_SOUND);
    this.talk.endCall();
  }

  #show(words, button, act) {
    const over = make("button", { type: "button" }, button);
    over.addEventListener("click", act);
    byId("call").replaceChildren(make("div", { class: "alert call" }, icon("i-voice"), make("p", {}, words), over));
  }
}
