// The first start, step by step: owner, home and rooms, wake word and voice, and what is kept and who may listen.

import { ask, askBlob } from "./api.js";
import { byId, make } from "./elements.js";
import { OneSound } from "./one_sound.js";
import { takeFields, watchFields } from "./owner_form.js";
import { SpokenSetup } from "./setup_voice.js";

const PASS_HEADER = "x-earwitness-setup-pass";
const headers = {}; // the pass for the setup code, where one is needed
const sound = new OneSound();
let steps = [];
let step = 0;
let choices = null;
let owner = null;
let rooms = [];

function show(index, isFirst = false) {
  stopReading();
  step = index;
  steps.forEach((each, at) => {
    byId(each).hidden = at !== index;
  });
  const form = byId(steps[index]);
  byId("progress").textContent = `Step ${index + 1} of ${steps.length}: ${form.dataset.title}`;
  if (!isFirst) form.querySelector("h2").focus();
  spoken.lead(steps[index]);
}

/** Do what a step does when it is sent, then show the next one. */
function onStep(name, work) {
  const form = byId(`step-${name}`);
  const problem = form.querySelector("[data-problem]");
  const button = form.querySelector("[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy")) return;
    problem.textContent = "";
    button.setAttribute("aria-busy", "true");
    try {
      await work();
      if (step + 1 < steps.length) show(step + 1);
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  form.querySelector("[data-back]")?.addEventListener("click", () => show(step - 1));
}

// The setup code

onStep("code", async () => {
  if (!headers[PASS_HEADER]) headers[PASS_HEADER] = (await ask("POST", "/setup/code", { code: byId("code").value.trim() })).setup_pass;
  await loadChoices();
});

async function loadChoices() {
  choices = await ask("GET", "/setup/choices", undefined, headers);
  rooms = choices.areas.map(({ name, has_devices: isFixed }) => ({ name, isFixed }));
  byId("home").value = choices.home;
  showRooms();
  byId("wake-words").replaceChildren(
    ...choices.wake_words.map((word) => make("label", { class: "option" }, make("input", { type: "radio", name: "wake-word", value: word, checked: word === choices.wake_word }), word)),
  );
  byId("voice").replaceChildren(...choices.voices.filter((one) => one.installed).map((one) => make("option", { value: one.name, selected: one.name === choices.voice }, one.name)));
  showVoice();
  byId("by-voice").hidden = false;
  byId("promise").replaceChildren(...choices.promise.map(({ title, text }) => make("section", {}, make("h3", {}, title), make("p", {}, text))));
}

// The owner

const fields = { path: "/setup", headers };
watchFields(fields);
onStep("owner", async () => {
  owner = await takeFields(fields);
});

// Home and rooms

function showRooms() {
  byId("rooms").replaceChildren(
    ...rooms.map((room) => {
      const remove = make("button", { type: "button", "aria-label": `Remove ${room.name}` }, "×");
      remove.addEventListener("click", () => {
        rooms = rooms.filter((each) => each !== room);
        showRooms();
        byId("room").focus();
      });
      return make("li", { class: "chip" }, room.name, ...(room.isFixed ? [] : [remove]));
    }),
  );
}

function addRoom() {
  const name = byId("room").value.trim();
  if (name && !rooms.some((room) => room.name.toLowerCase() === name.toLowerCase())) rooms.push({ name, isFixed: false });
  byId("room").value = "";
  byId("room").focus();
  showRooms();
}
byId("add-room").addEventListener("click", addRoom);
byId("room").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !byId("room").value.trim()) return;
  event.preventDefault();
  addRoom();
});
onStep("home", async () => {
  if (byId("room").value.trim()) addRoom();
});

// Wake word and voice

function showVoice() {
  byId("voice-about").textContent = choices.voices.find((one) => one.name === byId("voice").value)?.description ?? "";
}
byId("voice").addEventListener("change", showVoice);

const fetched = async (path) => (await askBlob(path, () => {}, headers)).blob;

const voiceQuery = () => new URLSearchParams({ voice: byId("voice").value });
const sample = () => fetched(`/setup/sample?${voiceQuery()}`);
/** While somebody presses a button, so that what takes its time may sound later. */
function unlockSound() {
  stopReading();
  sound.unlock();
}

byId("listen").addEventListener("click", async () => {
  unlockSound();
  const problem = byId("step-voice").querySelector("[data-problem]");
  problem.textContent = "";
  byId("listen").setAttribute("aria-busy", "true");
  try {
    await sound.play(await sample());
  } catch (error) {
    problem.textContent = error.message;
  } finally {
    byId("listen").removeAttribute("aria-busy");
  }
});
onStep("voice", async () => {
  unlockSound();
  if (!spoken.isOn) setTimeout(read); // once the text is shown
});

// What is kept, and who may listen

let reading = 0; // counts the readings, so that one that was stopped knows
let isReading = false;

function showReading(isOn, words = "") {
  isReading = isOn;
  byId("read-word").textContent = isOn ? "Stop reading" : "Read it aloud";
  byId("read-status").textContent = words;
}

function stopReading() {
  reading += 1;
  sound.stop();
  showReading(false);
}

/** Read part after part; the next one is fetched while one is heard. */
async function read() {
  const mine = ++reading;
  const part = (number) => (number < choices.promise.length ? fetched(`/setup/promise?${voiceQuery()}&part=${number}`) : null);
  showReading(true, "One moment …");
  try {
    let next = part(0);
    for (let number = 1; next !== null; number += 1) {
      const blob = await next;
      if (mine !== reading) return;
      showReading(true);
      next = part(number);
      next?.catch(() => {}); // told when it is its turn
      if (!(await sound.play(blob))) return;
    }
    if (mine === reading) showReading(false);
  } catch {
    if (mine === reading) showReading(false, "It cannot be read aloud here; the text says the same.");
  }
}
byId("read").addEventListener("click", () => {
  if (isReading) return stopReading();
  unlockSound();
  return read();
});
onStep("promise", async () => {
  const chosen = {
    home: byId("home").value.trim(),
    areas: rooms.map(({ name }) => name),
    wake_words: [document.querySelector("[name=wake-word]:checked").value],
    voice: byId("voice").value,
    acknowledged: byId("agree").checked,
  };
  await ask("POST", "/setup", { ...owner, ...chosen }, headers);
  stopReading();
  location.replace("/");
});

// By voice

/** Take what was understood into the fields; gives how to undo that. */
const TAKE = {
  home: ({ name }) => {
    const before = byId("home").value;
    byId("home").value = name;
    return () => (byId("home").value = before);
  },
  rooms: ({ rooms: named }) => {
    const before = rooms;
    const known = rooms.map(({ name }) => name.toLowerCase());
    rooms = [...rooms, ...named.filter((name) => !known.includes(name.toLowerCase())).map((name) => ({ name, isFixed: false }))];
    showRooms();
    return () => {
      rooms = before;
      showRooms();
    };
  },
  wake_word: ({ name }) => {
    const box = [...document.querySelectorAll("[name=wake-word]")].find(({ value }) => value === name);
    box.checked = true;
    return () => {};
  },
  voice: ({ name }) => {
    if (name) byId("voice").value = name;
    showVoice();
    return () => {};
  },
};

const spoken = new SpokenSetup({
  sound,
  headers,
  page: {
    step: () => steps[step],
    questions: () => choices.questions,
    typed: () => choices.typed,
    voice: () => byId("voice").value,
    take: (question, found) => TAKE[question](found),
    sample,
    nextVoice: () => {
      const { options, selectedIndex } = byId("voice");
      byId("voice").selectedIndex = (selectedIndex + 1) % options.length;
      showVoice();
      return sample();
    },
    read,
    stopReading,
    acknowledge: () => (byId("agree").checked = true),
    submit: () => byId(steps[step]).requestSubmit(),
    back: () => show(step - 1),
  },
});

try {
  const state = await ask("GET", "/setup");
  steps = ["step-owner", "step-home", "step-voice", "step-promise"];
  if (state.code_needed) steps.unshift("step-code");
  else await loadChoices();
  show(0, true);
} catch (error) {
  byId("progress").textContent = error.message;
}
