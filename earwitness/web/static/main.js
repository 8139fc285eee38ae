// Joins the parts of the talk page: session, microphone, loudspeaker, views, buttons and keys.

import { ask } from "./api.js";
import { CALL_SOUND, Calls } from "./calls.js";
import { isOnlyMe } from "./device.js";
import { byId, icon, make } from "./elements.js";
import { account, complain as say, start } from "./header.js";
import { House } from "./house.js";
import { Link } from "./link.js";
import { Microphone } from "./microphone.js";
import { Player } from "./player.js";
import { Talk } from "./talk.js";
import { sayPeriod } from "./times.js";
import { TurnView } from "./turn_view.js";
import { Voices } from "./voices.js";

const MUTED_KEY = "earwitness.muted";
const VOLUME_KEY = "earwitness.volume";
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
let volume = Number(localStorage.getItem(VOLUME_KEY) ?? 100);
let state = "offline";
let speaker; // who the session speaks for: a name, null for nobody, undefined before it says so
let renewedFor; // whom the session was last renewed for, so that a disagreement does not renew it forever
const alerts = new Map();

const house = new House();
const turns = new TurnView();
const link = new Link(() => ({ hands_free: wantsHandsFree, muted: isMuted, only_me: isOnlyMe(), ...voices.hello }));
const player = new Player((id, playback) => id !== CALL_SOUND && link.send("playback", { id, state: playback }));
const microphone = new Microphone(
  (peak) => document.body.style.setProperty("--level", String(Math.min(1, peak * 1.6))),
  () => say("The microphone went away. Connect it, then press again."),
);
const voices = new Voices(({ name, speed }) => link.send("voice", { name, speed }));
const talk = new Talk({ link, microphone, player, say });
const calls = new Calls({ link, microphone, player, talk, say });
talk.isMuted = isMuted;
talk.onLight = (isOn) => document.body.classList.toggle("light", isOn);

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

/** The alert that came last gives the sound; it is soft only while all are. */
function ringNow() {
  const all = [...alerts.values()];
  const softSince = all.every((one) => one.isSoft) ? Math.min(...all.map((one) => one.since)) : null;
  return { sound: all.at(-1).sound, softSince };
}

function showAlerts() {
  byId("alerts").replaceChildren(
    ...[...alerts].map(([id, { text, isCall }]) => {
      const stop = make("button", { type: "button" }, "Stop ringing");
      stop.addEventListener("click", () => talk.stop());
      return make("div", { class: "alert", "data-alert": id }, icon("i-voice"), make("p", {}, text), ...(isCall ? calls.answering() : [stop]));
    }),
  );
  if (alerts.size > 0) player.startAlert(ringNow());
  else player.endAlert();
  show();
}

/** What is kept of what is said here now, in plain words. */
function showKept() {
  const { me } = account;
  if (speaker === undefined || (speaker !== null && !me)) return;
  const keeping = speaker === null ? null : me.keeping;
  let words = "Nothing of what you say is kept.";
  let note = "Nothing that you say here is kept, because nobody is signed in.";
  if (keeping) {
    const what = keeping.keeps === "audio" ? "sound and words" : "the words alone";
    words = `What you say is kept for ${sayPeriod(keeping.retention_seconds)}, ${what}: see `;
    note = `What ${speaker} says here is kept for ${sayPeriod(keeping.retention_seconds)}, ${what}.`;
    if (isHandsFree && !isOnlyMe()) {
      words = "Hands-free, anybody may be speaking, so nothing is kept now. What you kept before: see ";
      note = "Hands-free, anybody may be speaking, so nothing is kept now.";
    }
  } else if (speaker !== null) {
    note = `Nothing of what ${speaker} says is kept.`;
  }
  byId("kept-words").replaceChildren(words, ...(keeping ? [make("a", { href: "/history" }, "History"), "."] : []));
  byId("kept-note").replaceChildren(note, " ", make("a", { href: "/privacy" }, keeping ? "Change that" : "Decide about it"), ".");
}

/** News about one's recordings, until somebody dismisses it. */
function showNotice(text) {
  const close = make("button", { type: "button", "aria-label": "Dismiss" }, "×");
  const notice = make("div", { class: "alert notice" }, icon("i-news"), make("p", {}, text, " ", make("a", { href: "/listens" }, "Who listened")), close);
  close.addEventListener("click", () => notice.remove());
  byId("notices").append(notice);
}

const on = (type, take) => link.addEventListener(type, ({ detail }) => take(detail));

on("welcome", (welcome) => {
  byId("link").className = "link up";
  byId("link-text").textContent = "Connected";
  byId("hands-free").disabled = !welcome.hands_free_allowed;
  isHandsFree = wantsHandsFree = welcome.hands_free;
  speaker = welcome.person;
  if ((account.me?.person.name ?? null) !== speaker) account.load();
  showKept();
  alerts.clear();
  showAlerts();
  if (isHandsFree) {
    talk.beginHandsFree().catch((error) => {
      say(error.message);
      switchHandsFree(false);
    });
  }
});
on("stalled", () => {
  byId("link").className = "link down";
  byId("link-text").textContent = "The network is bad; trying another way";
});
on("resumed", () => {
  byId("link").className = "link up";
  byId("link-text").textContent = "Connected";
});
on("lost", ({ seconds }) => {
  state = talk.state = "offline";
  isHandsFree = false;
  byId("link").className = "link down";
  byId("link-text").textContent = `Connection lost; trying again in ${Math.max(1, Math.round(seconds))} s`;
  alerts.clear();
  showAlerts();
  ask("GET", "/me").catch(() => {}); // if the connection was lost because nobody is signed in any more, that leads to the sign-in
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
on("turn", (turn) => {
  turns.finish(turn);
  if (speaker !== null) account.load(); // what is kept may have been decided by voice
});
on("notice", ({ text }) => {
  showNotice(text);
  account.load();
});
on("speech", ({ id, rate_hz: rateHz, text }) => {
  if (!player.canSound) say("The browser keeps this page silent until you press something on it.");
  player.begin(id, rateHz);
  turns.reply(text);
});
on("sound", ({ id, samples }) => player.push(id, samples));
on("speech_end", ({ id }) => player.end(id));
on("speech_stop", ({ id }) => player.stop(id));
on("alert", ({ id, kind, text, sound, rising, rung_seconds: rung }) => {
  alerts.set(id, { text, sound, isCall: kind === "call", isSoft: rising === true, since: performance.now() - 1000 * (rung ?? 0) });
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

/** What another page wrote to be asked: it stands in the field, and is sent by hand. */
const written = new URLSearchParams(location.hash.slice(1)).get("ask");
if (written) {
  byId("ask-text").value = written.slice(0, byId("ask-text").maxLength);
  byId("ask-text").focus();
  history.replaceState(null, "", location.pathname);
}

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

function setMuted(isOn) {
  isMuted = isOn;
  localStorage.setItem(MUTED_KEY, isMuted ? "1" : "0");
  talk.mute(isMuted);
  show();
}
function setVolume(percent) {
  volume = Math.min(100, Math.max(0, Math.round(percent)));
  localStorage.setItem(VOLUME_KEY, String(volume));
  player.volume = volume / 100;
}
setVolume(volume);
on("volume_wish", ({ percent, change }) => {
  setVolume(percent ?? volume + change);
  link.send("volume", { percent: volume });
});
on("mute_wish", () => {
  if (!isMuted) setMuted(true);
});
byId("stop").addEventListener("click", () => talk.stop());
byId("mute").addEventListener("click", () => setMuted(!isMuted));

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
account.addEventListener("change", () => {
  const name = account.me?.person.name ?? null;
  if (speaker !== undefined && name !== speaker && name !== renewedFor) {
    renewedFor = name;
    speaker = undefined;
    link.renew();
  }
  showKept();
});
window.addEventListener("pagehide", () => microphone.close());

show();
voices.load().catch(() => say("The list of voices could not be loaded; reload the page."));
start();
link.connect();
