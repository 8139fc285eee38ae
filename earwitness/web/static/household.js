// The page of the household: its name, rooms, wake words, voice, time zone, sound of alarms and jokes, chosen anew.

import { ask, askBlob } from "./api.js";
import { byId, make } from "./elements.js";
import { loadConfirmations } from "./confirmations.js";
import { account, attempt, inform, onSubmit, startWith } from "./header.js";

const SAMPLE = "Hello. This is how I sound. The kitchen light is on.";
const MOST_WAKE_WORDS = 2;
const sound = new Audio();
let shown = null;
let sounds = [];
let rooms = []; // {was, name, isFixed}; was is null for one that is new

async function load() {
  // who runs the machine without living here is told of no music of theirs, and leaves the sound as it is
  sounds = account.me.permissions.includes("talk") ? (await ask("GET", "/sounds")).sounds : [];
  take(await ask("GET", "/household"));
  await loadConfirmations();
  byId("status").textContent = "";
  byId("household").hidden = byId("confirmations").hidden = false;
}

function take(found) {
  shown = found;
  byId("home").value = found.home;
  rooms = found.areas.map((name) => ({ was: name, name, isFixed: found.fixed.includes(name) }));
  showRooms();
  byId("wake-words").replaceChildren(
    ...found.wake_words_known.map((word) => make("label", { class: "option" }, make("input", { type: "checkbox", name: "wake-word", value: word, checked: found.wake_words.includes(word) }), word)),
  );
  byId("voice").replaceChildren(...found.voices.filter((one) => one.installed).map((one) => make("option", { value: one.name, selected: one.name === found.voice }, one.name)));
  byId("listen").hidden = !account.me.permissions.includes("talk");
  showVoice();
  showZones();
  showAlarms();
}

// Alarms and jokes

function showAlarms() {
  const isKnown = sounds.some((one) => one.sound === shown.alarm_sound);
  byId("alarm-sound").replaceChildren(
    ...sounds.map((one) => make("option", { value: one.sound, selected: one.sound === shown.alarm_sound }, one.title)),
    ...(isKnown ? [] : [make("option", { value: shown.alarm_sound, selected: true }, sounds.length ? "Music that is not there any more" : "As it is")]),
  );
  byId("family-jokes").checked = shown.has_family_jokes;
}

// Rooms

function showRooms() {
  byId("rooms").replaceChildren(
    ...rooms.map((room, index) => {
      const name = make("input", { class: "grow", maxlength: "64", required: true, autocomplete: "off", value: room.name, "aria-label": `Name of the room ${room.was ?? room.name}` });
      name.addEventListener("input", () => {
        room.name = name.value;
      });
      const remove = make("button", { type: "button", "aria-label": `Remove ${room.name}` }, "Remove");
      remove.addEventListener("click", () => {
        rooms = rooms.filter((each) => each !== room);
        showRooms();
        (byId("rooms").children[index]?.querySelector("input") ?? byId("room")).focus();
      });
      return make("li", { class: "row" }, name, ...(room.isFixed ? [] : [remove]));
    }),
  );
}

function addRoom() {
  const name = byId("room").value.trim();
  if (name && !rooms.some((room) => room.name.toLowerCase() === name.toLowerCase())) rooms.push({ was: null, name, isFixed: false });
  byId("room").value = "";
  byId("room").focus();
  showRooms();
}
byId("add-room").addEventListener("click", addRoom);
byId("room").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (byId("room").value.trim()) addRoom();
});

// Wake words

const chosenWords = () => [...document.querySelectorAll("[name=wake-word]:checked")].map((box) => box.value);
byId("wake-words").addEventListener("change", ({ target }) => {
  if (chosenWords().length > MOST_WAKE_WORDS) target.checked = false;
  byId("wrong").textContent = chosenWords().length ? "" : "Choose at least one wake word.";
});

// Voice

function showVoice() {
  byId("voice-about").textContent = shown.voices.find((one) => one.name === byId("voice").value)?.description ?? "";
}
byId("voice").addEventListener("change", showVoice);
byId("listen").addEventListener("click", () => {
  sound.removeAttribute("src"); // begun by the press, so that the browser lets it sound when it has come
  sound.load();
  return attempt(byId("listen"), async () => {
    const { blob } = await askBlob(`/say?${new URLSearchParams({ text: SAMPLE, voice: byId("voice").value })}`);
    URL.revokeObjectURL(sound.src);
    sound.src = URL.createObjectURL(blob);
    await sound.play();
  });
});

// Time zone

function showZones() {
  const known = Intl.supportedValuesOf?.("timeZone") ?? [];
  const names = [...new Set([...known, "UTC", ...(shown.chosen_zone ? [shown.chosen_zone] : [])])].sort();
  byId("zone").replaceChildren(
    make("option", { value: "", selected: !shown.chosen_zone }, "That of the machine"),
    ...names.map((name) => make("option", { value: name, selected: name === shown.chosen_zone }, name.replaceAll("_", " "))),
  );
  byId("zone-about").textContent = `It counts ${shown.zone.replaceAll("_", " ")} now. “At seven” and “tomorrow” mean that.`;
}

// Saving

onSubmit(byId("household"), byId("wrong"), async () => {
  if (byId("room").value.trim()) addRoom();
  byId("told").replaceChildren();
  const named = rooms.map((room) => ({ ...room, name: room.name.trim() }));
  const answer = await ask("PUT", "/household", {
    home: byId("home").value.trim(),
    areas: named.map(({ name }) => name),
    renamed: Object.fromEntries(named.filter(({ was, name }) => was !== null && was !== name).map(({ was, name }) => [was, name])),
    wake_words: chosenWords(),
    voice: byId("voice").value,
    zone: byId("zone").value,
    alarm_sound: byId("alarm-sound").value,
    has_family_jokes: byId("family-jokes").checked,
  });
  take(answer);
  byId("told").replaceChildren(...answer.told.map((sentence) => make("p", {}, sentence)));
  inform("Saved.");
});

startWith(load);
