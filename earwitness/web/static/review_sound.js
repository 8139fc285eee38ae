// The sound of a task at the reviewers' desk: had in parts when somebody asks to hear it, held while the task is open, and no longer.

import { ask, postForBlob } from "./api.js";
import { byId } from "./elements.js";
import { attempt } from "./header.js";
import { clearPicture, drawSpectrum, drawWave } from "./sound_picture.js";
import { wavOf } from "./wav.js";

const SAMPLE_BYTES = 2;
const SLOW = 0.5;
const STEP_SECONDS = 0.5;
const SHORTEST_LOOP_SECONDS = 0.05;
/** Keys (with Alt) of this part of the page, and the buttons that they press. */
const KEYS = { p: "play", s: "slow", l: "loop", i: "loop-from", o: "loop-until", j: "sooner", k: "later" };
export const SOUND_KEYS = [
  ["Alt+P", "hear it, or stop"],
  ["Alt+S", "half speed, same pitch"],
  ["Alt+L", "loop"],
  ["Alt+I, Alt+O", "the loop begins, ends at the cursor"],
  ["Alt+J, Alt+K", "half a second back, forward"],
];

const audio = new Audio();
audio.preservesPitch = true;
let leaseId = null;
let rateHz = 0;
let seconds = 0;
let loop = null;

const isPressed = (id) => byId(id).getAttribute("aria-pressed") === "true";
const press = (id, isOn) => byId(id).setAttribute("aria-pressed", String(isOn));
const isHere = () => seconds > 0;

/** A task was opened: nothing of its sound is asked for yet. */
export function openSound(lease) {
  closeSound();
  leaseId = lease.lease_id;
  byId("sound").hidden = false;
  byId("sound-state").textContent = "Nothing was opened yet. Each listen is on record, and whoever spoke sees it.";
}

/** Let go of everything that was had. */
export function closeSound() {
  stopSound();
  if (audio.src) URL.revokeObjectURL(audio.src);
  audio.removeAttribute("src");
  audio.load();
  [leaseId, rateHz, seconds, loop] = [null, 0, 0, null];
  for (const id of ["wave", "spectrum"]) clearPicture(byId(id));
  for (const id of ["slow", "loop"]) press(id, false);
  byId("sound").hidden = true;
  byId("sound-player").hidden = true;
}

/** Be silent at once. */
export function stopSound() {
  audio.pause();
  press("play", false);
}

async function fetchSound() {
  const wanted = leaseId;
  byId("sound-state").textContent = "One moment: the voice is being disguised …";
  const found = await ask("POST", `/review/leases/${wanted}/sound`);
  if (leaseId !== wanted) return;
  if (found === null) {
    byId("sound-state").textContent = "Of this task there are only the words.";
    return;
  }
  const parts = [];
  for (let start = 0; start < found.bytes; start += found.part_bytes) {
    const { token } = await ask("POST", `/review/leases/${wanted}/sound/tokens`, { start, end: Math.min(start + found.part_bytes, found.bytes) });
    parts.push(await (await postForBlob("/review/sound", { token })).arrayBuffer());
  }
  if (leaseId === wanted) show(parts, found);
}

function show(parts, found) {
  rateHz = found.rate_hz;
  seconds = found.bytes / SAMPLE_BYTES / rateHz;
  loop = { from: 0, until: seconds };
  audio.src = URL.createObjectURL(wavOf(parts));
  byId("sound-state").textContent = "A disguised voice; what is blanked out is silent.";
  byId("sound-player").hidden = false;
  byId("at").max = String(seconds);
  const samples = Float32Array.from(parts.flatMap((part) => [...new Int16Array(part)]), (one) => one / 32768);
  drawWave(byId("wave"), samples);
  drawSpectrum(byId("spectrum"), samples);
  place();
}

/** Put the cursor, the slider and the marks of the loop where they belong. */
function place() {
  const percent = (moment) => `${(100 * moment) / seconds}%`;
  const now = Math.min(audio.currentTime, seconds);
  byId("cursor").style.left = percent(now);
  byId("loop-mark").style.left = percent(loop.from);
  byId("loop-mark").style.width = percent(loop.until - loop.from);
  byId("loop-mark").hidden = !isPressed("loop");
  byId("at").value = String(now);
  byId("at").setAttribute("aria-valuetext", `${now.toFixed(2)} seconds`);
  byId("at-text").textContent = `${now.toFixed(2)} of ${seconds.toFixed(2)} s${isPressed("loop") ? `, loop ${loop.from.toFixed(2)} to ${loop.until.toFixed(2)} s` : ""}`;
}

function follow() {
  if (audio.paused || !isHere()) return;
  if (isPressed("loop") && (audio.currentTime >= loop.until || audio.currentTime < loop.from - STEP_SECONDS)) audio.currentTime = loop.from;
  place();
  requestAnimationFrame(follow);
}

async function play() {
  if (!audio.paused) return stopSound();
  if (!byId("covered").hidden) return undefined; // nobody hears what they have just covered
  if (!isHere()) {
    audio.load(); // while somebody presses a button, so that it may begin later too
    await fetchSound();
  }
  if (!isHere()) return undefined;
  if (audio.ended || audio.currentTime >= seconds || (isPressed("loop") && audio.currentTime >= loop.until)) audio.currentTime = isPressed("loop") ? loop.from : 0;
  audio.playbackRate = isPressed("slow") ? SLOW : 1;
  await audio.play();
  press("play", true);
  return follow();
}

function move(by) {
  if (!isHere()) return;
  audio.currentTime = Math.max(0, Math.min(seconds, audio.currentTime + by));
  place();
}

function toggle(id) {
  press(id, !isPressed(id));
  audio.playbackRate = isPressed("slow") ? SLOW : 1;
  if (isHere()) place();
}

function mark(side) {
  if (!isHere()) return;
  const now = audio.currentTime;
  const other = side === "from" ? Math.max(loop.until, now + SHORTEST_LOOP_SECONDS) : Math.min(loop.from, now - SHORTEST_LOOP_SECONDS);
  loop = side === "from" ? { from: now, until: Math.min(seconds, other) } : { from: Math.max(0, other), until: Math.max(now, SHORTEST_LOOP_SECONDS) };
  press("loop", true);
  place();
}

audio.addEventListener("ended", () => {
  if (isPressed("loop")) {
    audio.currentTime = loop.from;
    audio.play().then(follow, stopSound);
  } else {
    press("play", false);
    place();
  }
});
byId("play").addEventListener("click", () => attempt(byId("play"), play));
for (const id of ["slow", "loop"]) byId(id).addEventListener("click", () => toggle(id));
byId("loop-from").addEventListener("click", () => mark("from"));
byId("loop-until").addEventListener("click", () => mark("until"));
byId("sooner").addEventListener("click", () => move(-STEP_SECONDS));
byId("later").addEventListener("click", () => move(STEP_SECONDS));
byId("at").addEventListener("input", () => {
  audio.currentTime = Number(byId("at").value);
  place();
});
byId("sound-picture").addEventListener("pointerdown", (event) => {
  const box = byId("sound-picture").getBoundingClientRect();
  move(((event.clientX - box.left) / box.width) * seconds - audio.currentTime);
});
document.addEventListener("keydown", (event) => {
  const pressed = KEYS[event.key.toLowerCase()];
  if (leaseId === null || !event.altKey || event.ctrlKey || !pressed) return;
  event.preventDefault();
  byId(pressed).click();
});
