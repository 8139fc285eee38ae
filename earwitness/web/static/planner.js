// The page of plans: what rings, lists and the calendar, each as the server has it now, with everything that can be changed.
// It asks again every few seconds while it is looked at; what somebody is typing stays, and so does the focus.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { account, attempt, inform, startWith } from "./header.js";
import { alertLine, countDown, eventLine, listCard, routineLine, sparedLine, syncNodes, timerLine } from "./planner_parts.js";
import { fillRoutine } from "./routine_form.js";
import { SoundChoice } from "./sound_choice.js";

const AGAIN_MS = 4000;
const CALENDAR_EVERY = 15; // of those
const drawn = new Map();

const at = (...parts) => `/${parts.map(encodeURIComponent).join("/")}`;

/** Draw a part anew if `what` is not what is drawn there; the focus stays on what it was on, typed words stay in their field. */
function draw(id, what, nodes) {
  const told = JSON.stringify(what);
  if (drawn.get(id) === told) return;
  const place = byId(id);
  const typed = new Map([...place.querySelectorAll("input[name=text]")].map((field) => [field.dataset.key, field.value]));
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  drawn.set(id, told);
  place.replaceChildren(...nodes());
  for (const field of place.querySelectorAll("input[name=text]")) field.value = typed.get(field.dataset.key) ?? "";
  if (key === null) return;
  const again = [...place.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  (again ?? place.querySelector("button, input") ?? byId("title")).focus();
}

// What rings

/** Seconds that run are no change: the page counts them itself. */
const still = (one) => ({ ...one, seconds_left: one.is_paused ? one.seconds_left : null });

let known = []; // rooms

function drawAlerts({ alerts, rooms }) {
  for (const kind of ["alarm", "reminder", "timer"]) {
    const found = alerts.filter((one) => one.kind === kind);
    byId(`${kind}s-empty`).hidden = found.length > 0;
    draw(`${kind}s`, found.map(still), () => found.map((one) => (kind === "timer" ? timerLine : alertLine)(one, { change, edit, remove })));
  }
  const options = (select) => select.replaceChildren(make("option", { value: "" }, "Everywhere"), ...rooms.map((room) => make("option", { value: room }, room)));
  if (drawn.get("rooms") !== rooms.join("\n")) document.querySelectorAll(".rooms-known").forEach(options);
  drawn.set("rooms", rooms.join("\n"));
  known = rooms;
}

const loadAlerts = async () => drawAlerts(await ask("GET", "/alerts"));

let sounds = [];
let alarmSound = null; // of the alarm that may be added

async function loadSounds() {
  const known = await ask("GET", "/sounds");
  sounds = known.sounds;
  alarmSound = new SoundChoice(sounds, { sound: known.usual });
  byId("alarm-sound").replaceChildren(alarmSound.node);
}

const change = (button, one, given, said) =>
  attempt(button, async () => {
    try {
      await ask("PATCH", `/alerts${at(one.id)}`, given);
      inform(said);
    } finally {
      await loadAlerts();
    }
  });

const remove = (button, one) =>
  attempt(button, async () => {
    await ask("DELETE", `/alerts${at(one.id)}`);
    await loadAlerts();
    inform(one.kind === "timer" ? "The timer is cancelled." : `The ${one.kind} is removed.`);
  });

async function edit(one) {
  const when = make("input", { required: true, maxlength: "200", autocomplete: "off", value: one.when });
  const name = make("input", { maxlength: one.kind === "reminder" ? "200" : "60", required: one.kind === "reminder", autocomplete: "off", value: one.kind === "reminder" ? one.text : one.name });
  const question = make("div", { class: "question", role: "alert" });
  const where = make("select", { name: "area" }, make("option", { value: "" }, "Everywhere"), ...known.map((room) => make("option", { value: room }, room)));
  where.value = one.area ?? "";
  const before = where.value;
  const sound = one.kind === "alarm" ? new SoundChoice(sounds, { sound: one.sound, isSoft: one.is_rising }) : null;
  const answer = await choose({
    title: `Change the ${one.kind}`,
    body: [make("label", {}, one.kind === "reminder" ? "Of what" : "Name, if it has one", name), make("label", {}, "When", when), make("label", {}, "Where it rings", where), ...(sound ? [sound.node] : []), question],
    choices: [{ value: "save", label: "Save", tone: "main", isDefault: true }, CANCEL],
    focus: when,
    act: async () => {
      question.replaceChildren();
      sound?.stop();
      const given = { [one.kind === "reminder" ? "text" : "name"]: name.value.trim(), ...(when.value.trim() === one.when ? {} : { when: when.value.trim() }), ...(where.value === before ? {} : { area: where.value }), ...(sound ? { sound: sound.sound, is_rising: sound.isSoft } : {}) };
      const asked = (await ask("PATCH", `/alerts${at(one.id)}`, given)).question;
      if (!asked) return;
      offer(question, asked, when);
      throw new Error("");
    },
  });
  sound?.stop();
  if (answer !== "save") return;
  await loadAlerts();
  inform(`The ${one.kind} is changed.`);
}

/** Show what has to be known first; a choice puts its words into the field, and `then` goes on. */
function offer(place, question, field, then = () => {}) {
  const buttons = question.choices.map((words) => {
    const button = make("button", { type: "button" }, words);
    button.addEventListener("click", () => {
      field.value = words;
      place.replaceChildren();
      field.focus();
      then();
    });
    return button;
  });
  place.replaceChildren(make("p", {}, question.text), ...(buttons.length ? [make("div", { class: "choices" }, ...buttons)] : []));
  if (!buttons.length) field.focus();
}

/** A form that adds something: `send` gives the server's answer, `done` says so and loads anew. */
function adds(id, send, done) {
  const form = byId(id);
  const place = form.querySelector(".question");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    place.replaceChildren();
    attempt(button, async () => {
      let answer;
      try {
        answer = await send(form.elements);
      } catch (error) {
        if (error.code === "access.not_signed_in" || error.status >= 500) throw error;
        place.replaceChildren(make("p", {}, error.message));
        return;
      }
      if (answer.question) {
        offer(place, answer.question, form.elements.when, () => form.requestSubmit());
        return;
      }
      form.reset();
      await done(answer);
      form.querySelector("input").focus();
    });
  });
}

for (const kind of ["alarm", "timer", "reminder"]) {
  adds(
    `add-${kind}`,
    (field) =>
      ask("POST", "/alerts", {
        kind,
        when: field.when.value.trim(),
        name: field.name?.value?.trim() ?? "",
        text: field.text?.value?.trim() ?? "",
        area: field.area?.value || null,
        is_for_everyone: field.everyone?.checked ?? false,
        ...(kind === "alarm" ? { sound: alarmSound.sound, is_rising: alarmSound.isSoft } : {}),
      }),
    async ({ alert }) => {
      alarmSound.stop();
      await loadAlerts();
      inform(kind === "timer" ? `A timer runs for ${alert.when}${alert.area ? ` and rings in: ${alert.area}` : ""}.` : `The ${kind} is set: ${alert.when}.`);
    },
  );
}

// Do not disturb

function drawSpared({ quiet }) {
  byId("spared-empty").hidden = quiet.length > 0;
  draw("spared", quiet, () => quiet.map((one) => sparedLine(one, { disturb })));
}

const loadSpared = async () => drawSpared(await ask("GET", "/quiet"));

const disturb = (button, one, place) =>
  attempt(button, async () => {
    const where = new URLSearchParams({ ...(one.area ? { area: one.area } : {}), ...(one.satellite ? { satellite: one.satellite } : {}) });
    drawSpared(await ask("DELETE", `/quiet?${where}`));
    inform(`Do not disturb is off: ${place}.`);
  });

adds(
  "add-spared",
  (field) => ask("PUT", "/quiet", { area: field.area.value || null, until: field.when.value.trim() }),
  async ({ kept }) => {
    drawSpared(kept);
    inform("Do not disturb is on.");
  },
);

// Lists

const loadLists = async () => {
  const { lists } = await ask("GET", "/lists");
  draw("lists", lists, () => lists.map((one) => listCard(one, listActs)));
};

const listActs = {
  add: (button, one, field) =>
    attempt(button, async () => {
      await ask("POST", `/lists${at(one.name)}/items`, { text: field.value.trim() });
      field.value = "";
      field.focus();
      await loadLists();
    }),
  check: (box, one, item) =>
    attempt(box, async () => {
      try {
        await ask("PATCH", `/lists${at(one.name)}/items${at(String(item.id))}`, { is_complete: box.checked });
      } finally {
        drawn.delete("lists");
        await loadLists();
      }
    }),
  takeOff: (button, one, item) =>
    attempt(button, async () => {
      await ask("DELETE", `/lists${at(one.name)}/items${at(String(item.id))}`);
      await loadLists();
    }),
  clear: (button, one) =>
    attempt(button, async () => {
      await ask("DELETE", `/lists${at(one.name)}/items?done=true`);
      await loadLists();
    }),
  rename: async (one) => {
    const field = make("input", { required: true, maxlength: "40", autocomplete: "off", value: one.name });
    const answer = await choose({
      title: `Rename the list “${one.name}”`,
      body: [make("label", {}, "What it is called", field)],
      choices: [{ value: "save", label: "Save", tone: "main", isDefault: true }, CANCEL],
      focus: field,
      act: () => ask("PATCH", `/lists${at(one.name)}`, { name: field.value.trim() }),
    });
    if (answer === "save") await loadLists();
  },
  remove: async (one) => {
    const answer = await choose({
      title: `Delete the list “${one.name}”?`,
      body: [make("p", {}, one.items.length ? `What is on it goes too: ${one.items.map((item) => item.text).join(", ")}.` : "Nothing is on it.")],
      choices: [{ value: "delete", label: "Delete it", tone: "danger" }, { ...CANCEL, isDefault: true }],
      act: () => ask("DELETE", `/lists${at(one.name)}`),
    });
    if (answer !== "delete") return;
    await loadLists();
    inform(`The list “${one.name}” is deleted.`);
  },
};

adds(
  "add-list",
  (field) => ask("POST", "/lists", { name: field.name.value.trim() }),
  async (made) => {
    await loadLists();
    inform(`There is a list “${made.name}” now; say “add … to the ${made.name} list”.`);
  },
);

// Routines

const loadRoutines = async () => {
  const { routines } = await ask("GET", "/routines");
  byId("routines-empty").hidden = routines.length > 0;
  draw("routines", routines, () => routines.map((one) => routineLine(one, { turn: turnRoutine, edit: editRoutine, forget: forgetRoutine })));
};

const turnRoutine = (button, one) =>
  attempt(button, async () => {
    await ask("PATCH", `/routines${at(one.id)}`, { is_on: !one.is_on });
    await loadRoutines();
    inform(one.is_on ? "That routine is off." : "That routine is on.");
  });

async function editRoutine(one) {
  const isSaved = await fillRoutine({ title: "Change the routine", routine: one, send: (given) => ask("PATCH", `/routines${at(one.id)}`, given), offer });
  if (!isSaved) return;
  await loadRoutines();
  inform("The routine is changed.");
}

byId("fill-routine").addEventListener("click", async () => {
  const isSaved = await fillRoutine({ title: "A new routine", send: (given) => ask("POST", "/routines", given), offer });
  if (!isSaved) return;
  await loadRoutines();
  inform("The routine is made.");
});

const forgetRoutine = (button, one) =>
  attempt(button, async () => {
    await ask("DELETE", `/routines${at(one.id)}`);
    await loadRoutines();
    inform(`${one.when}, nothing happens any more.`);
  });

adds(
  "add-routine",
  (field) => ask("POST", "/routines", { said: field.said.value.trim() }),
  async ({ reply }) => {
    await loadRoutines();
    inform(reply);
  },
);

// Calendar

async function loadCalendar() {
  let found;
  try {
    found = await ask("GET", "/calendar?days=31");
  } catch (error) {
    if (error.code === "access.not_signed_in") throw error;
    byId("calendar-about").textContent = error.message;
    return;
  }
  const place = found.outgoing.length ? `It is kept by ${found.outgoing.join(", ")}.` : "It is kept in a file on this machine.";
  byId("calendar-about").textContent = found.events.length ? `The next 31 days. ${place}` : `Nothing is in it for the next 31 days. ${place}`;
  draw("events", found.events, () => found.events.map((one) => eventLine(one, { edit: editEvent, remove: removeEvent, hasSeveral: new Set(found.events.map(({ calendar }) => calendar)).size > 1 })));
}

async function removeEvent(button, one) {
  let path = `/calendar${at(one.id)}`;
  if (one.is_recurring) {
    const answer = await choose({
      title: `Remove “${one.summary}”?`,
      body: [make("p", {}, `It repeats. This one is ${one.when}.`)],
      choices: [{ value: "one", label: "Remove this one" }, { value: "all", label: "Remove all", tone: "danger" }, { ...CANCEL, isDefault: true }],
    });
    if (answer === null) return;
    if (answer === "one") path += `?occurrence=${encodeURIComponent(one.occurrence)}`;
  }
  await attempt(button, async () => {
    await ask("DELETE", path);
    await loadCalendar();
    inform("The event is removed.");
  });
}

async function editEvent(one) {
  const summary = make("input", { required: true, maxlength: "200", autocomplete: "off", value: one.summary });
  const when = make("input", { maxlength: "200", autocomplete: "off", placeholder: one.when });
  const place = make("input", { maxlength: "200", autocomplete: "off", value: one.location });
  const question = make("div", { class: "question", role: "alert" });
  const save = { label: "Save", tone: "main", isDefault: true, value: "one" };
  const both = [{ ...save, label: "Save for this one" }, { value: "all", label: "Save for all" }];
  const answer = await choose({
    title: "Change the event",
    body: [
      make("label", {}, "What", summary),
      make("label", {}, "New time, if it has one", when),
      make("label", {}, "Where", place),
      ...(one.is_recurring ? [make("p", { class: "quiet" }, `It repeats. This one is ${one.when}. All of them can get another hour, not another day.`)] : []),
      question,
    ],
    choices: [...(one.is_recurring ? both : [save]), CANCEL],
    focus: summary,
    act: async (value) => {
      question.replaceChildren();
      const given = { starts: one.starts, occurrence: one.occurrence, is_series: value === "all" };
      if (summary.value.trim() !== one.summary) given.summary = summary.value.trim();
      if (place.value.trim() !== one.location) given.location = place.value.trim();
      if (when.value.trim()) given.when = when.value.trim();
      const asked = (await ask("PATCH", `/calendar${at(one.id)}`, given)).question;
      if (!asked) return;
      offer(question, asked, when);
      throw new Error("");
    },
  });
  if (answer === null) return;
  await loadCalendar();
  inform("The event is changed.");
}

adds(
  "add-event",
  (field) => ask("POST", "/calendar", { summary: field.summary.value.trim(), when: field.when.value.trim(), location: field.location.value.trim() }),
  async ({ event }) => {
    await loadCalendar();
    inform(`Added ${event.summary} ${event.when}.`);
  },
);

// What lives on the calendar server too

function drawSync(found) {
  byId("sync").hidden = found.what.length === 0;
  if (found.what.length) draw("sync-state", found, () => syncNodes(found));
}

/** For those who live here: it may name what guests are not shown. */
async function loadSync() {
  if (account.me?.permissions.includes("own_data")) drawSync(await ask("GET", "/calendar-sync"));
}

byId("sync-now").addEventListener("click", (event) =>
  attempt(event.currentTarget, async () => {
    const found = await ask("POST", "/calendar-sync");
    drawSync(found);
    await Promise.all([loadAlerts(), loadLists()]);
    inform(found.error ? "That did not work." : "Both sides are the same.");
  }),
);

// Following what changes elsewhere

let turns = 0;
let last = performance.now();

async function follow() {
  if (!document.hidden && !document.querySelector("dialog[open]")) {
    turns += 1;
    try {
      await Promise.all([loadAlerts(), loadSpared(), loadLists(), loadRoutines(), loadSync(), ...(turns % CALENDAR_EVERY === 0 ? [loadCalendar()] : [])]);
      byId("status").textContent = "";
    } catch (error) {
      byId("status").textContent = error.message;
    }
  }
  setTimeout(follow, AGAIN_MS);
}

startWith(async () => {
  await loadSounds();
  await Promise.all([loadAlerts(), loadSpared(), loadLists(), loadRoutines(), loadSync(), loadCalendar()]);
  byId("status").textContent = "";
  byId("plans").hidden = false;
  setTimeout(follow, AGAIN_MS);
  setInterval(() => {
    const now = performance.now();
    countDown((now - last) / 1000);
    last = now;
  }, 500);
});
