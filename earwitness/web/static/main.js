// Joins the parts of the page: session, microphone, loudspeaker, views, buttons and keys.

import { byId, icon, make } from "./elements.js";
import { House } from "./house.js";
import { Link } from "./link.js";
import { Microphone } from "./microphone.js";
import { Player } from "./player.js";
import { Talk } from "./talk.js";
import { TurnView } from "./turn_view.js";
import { Voices } from "./voices.js";

const MUTED_KEY = "earwitness.muted";
const HELD_MS = 400; // a press longer than this ends the request when it is let go
const WORDS = {
  offline: ["Not connected", "Trying to reach the server."],
  muted: ["Muted", "The microphone is off. You can still type."],
  asleep: ["Ready", "Press and talk, or hold while you talk. Space works too."],
  listening: ["Listening", "Press again when you are done, or just pause."],
  thinking: ["Thinking", "One moment."],
  speaking: ["Speaking", "Press to talk over it, or stop it with Esc."],
};

let wantsHandsFree = false;
let isHandsFree = false;
let isMuted = localStorage.getItem(MUTED_KEY) === "1";
let state = "offline";
const alerts = new Map();

const house = new House();
const turns = new TurnView();
const link = new Link(() => ({ hands_free: wantsHandsFree, muted: isMuted, ...voices.hello }));
const player = new Player((id, playback) => link.send("playback", { id, state: playback }));
const microphone = new Microphone(
  (peak) => document.body.style.setProperty("--level", String(Math.min(1, peak * 1.6))),
  () => say("The microphone went away. Connect it, then press again."),
);
const voices = new Voices(({ name, speed }) => link.send("voice", { name, speed }));
const talk = new Talk({ link, microphone, player, say });
talk.isMuted = isMuted;
talk.onLight = (isOn) => document.body.classList.toggle("light", isOn);

function say(sentence) {
  byId("problem").hidden = !sentence;
  byId("problem-text").textContent = sentence;
}

function show() {
  const shown = state === "offline" ? "offline" : isMuted && state === "asleep" ? "muted" : state;
  const [word, hint] = WORDS[shown];
  const wake = document.body.dataset.wakeWords;
  document.body.dataset.state = shown;
  byId("state").textContent = isMuted && shown !== "muted" ? `${word}, muted` : word;
  byId("hint").textContent = shown === "asleep" && isHandsFree && wake ? `Say “${wake}”, or press.` : hint;
  byId("talk-name").textContent = shown === "listening" ? "Done talking" : "Talk";
  byId("stop").disabled = !["listening", "thinking", "speaking"].includes(state) && alerts.size === 0;
  byId("mute").setAttribute("aria-pressed", String(isMuted));
  byId("mute-text").textContent = isMuted ? "Muted" : "Mute";
  byId("mute").querySelector("use").setAttribute("href", isMuted ? "#i-mic-off" : "#i-mic");
  byId("hands-free").setAttribute("aria-checked", String(isHandsFree));
}

function showAlerts() {
  byId("alerts").replaceChildren(
    ...[...alerts].map(([id, text]) => {
      const stop = make("button", { type: "button" }, "Stop ringing");
      stop.addEventListener("click", () => talk.stop());
      return make("div", { class: "alert", "data-alert": id }, icon("i-voice"), make("p", {}, text), stop);
    }),
  );
  if (alerts.size > 0) player.startAlert();
  else player.endAlert();
  show();
}

const on = (type, take) => link.addEventListener(type, ({ detail }) => take(detail));

on("welcome", (welcome) => {
  byId("link").className = "link up";
  byId("link-text").textContent = "Connected";
  byId("hands-free").disabled = !welcome.hands_free_allowed;
  isHandsFree = wantsHandsFree = welcome.hands_free;
  alerts.clear();
  showAlerts();
  if (isHandsFree) {
    talk.beginHandsFree().catch((error) => {
      say(error.message);
      switchHandsFree(false);
    });
  }
});
on("lost", ({ seconds }) => {
  state = talk.state = "offline";
  isHandsFree = false;
  byId("link").className = "link down";
  byId("link-text").textContent = `Connection lost; trying again in ${Math.max(1, Math.round(seconds))} s`;
  alerts.clear();
  showAlerts();
});
on("state", (message) => {
  if (message.state === "listening" && state !== "listening") turns.begin();
  state = message.state;
  talk.follow(state);
  show();
});
on("home", (board) => house.show(board));
on("partial", ({ text }) => turns.partial(text));
on("transcript", ({ text }) => turns.transcript(text));
on("understood", (message) => turns.understood(message));
on("turn", (turn) => turns.finish(turn));
on("speech", ({ id, rate_hz: rateHz, text }) => {
  if (!player.canSound) say("The browser keeps this page silent until you press something on it.");
  player.begin(id, rateHz);
  turns.reply(text);
});
on("sound", ({ id, samples }) => player.push(id, samples));
on("speech_end", ({ id }) => player.end(id));
on("speech_stop", ({ id }) => player.stop(id));
on("alert", ({ id, text }) => {
  alerts.set(id, text);
  showAlerts();
});
on("alert_end", ({ id }) => {
  alerts.delete(id);
  showAlerts();
});
on("error", ({ message }) => say(message));

// Talking: press, or hold; with the pointer, the keyboard, or whatever clicks buttons for somebody.

let pressedAt = 0;
const down = () => {
  say("");
  pressedAt = performance.now();
  talk.down();
};
const up = () => {
  if (pressedAt && performance.now() - pressedAt > HELD_MS) talk.up();
  pressedAt = 0;
};
byId("talk").addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  byId("talk").setPointerCapture(event.pointerId);
  down();
});
byId("talk").addEventListener("pointerup", up);
byId("talk").addEventListener("pointercancel", up);
byId("talk").addEventListener("contextmenu", (event) => event.preventDefault());
byId("talk").addEventListener("click", (event) => {
  if (event.detail === 0) down(); // from assistive technology: no pointer, no key
});

const isTyping = (target) => target.closest("input, select, textarea, button:not(#talk), a, summary") !== null;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    talk.stop();
    return;
  }
  const isTalkKey = event.key === " " ? !isTyping(event.target) : event.key === "Enter" && event.target === byId("talk");
  if (!isTalkKey || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  if (!event.repeat) down();
});
document.addEventListener("keyup", (event) => {
  if (![" ", "Enter"].includes(event.key) || isTyping(event.target)) return;
  event.preventDefault();
  up();
});
window.addEventListener("blur", up);

byId("stop").addEventListener("click", () => talk.stop());
byId("mute").addEventListener("click", () => {
  isMuted = !isMuted;
  localStorage.setItem(MUTED_KEY, isMuted ? "1" : "0");
  talk.mute(isMuted);
  show();
});

function switchHandsFree(isOn) {
  wantsHandsFree = isOn;
  if (!isOn) talk.endHandsFree();
  isHandsFree = false;
  state = talk.state = "offline";
  show();
  link.renew();
}
byId("hands-free").addEventListener("click", async () => {
  await player.unlock();
  switchHandsFree(!isHandsFree);
});

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("ask-text").value.trim();
  if (!text) return;
  say("");
  player.unlock();
  player.stopAll();
  if (!link.send("ask", { text })) {
    say("There is no connection to the server; your request was not sent.");
    return;
  }
  turns.begin();
  turns.transcript(text);
  byId("ask-text").value = "";
});
byId("listen").addEventListener("click", async () => {
  byId("listen").disabled = true;
  try {
    await player.unlock();
    await voices.listen(player);
  } catch (error) {
    say(error.message);
  } finally {
    byId("listen").disabled = false;
  }
});
byId("problem-close").addEventListener("click", () => say(""));
window.addEventListener("pagehide", () => microphone.close());

show();
voices.load().catch(() => say("The list of voices could not be loaded; reload the page."));
link.connect();
