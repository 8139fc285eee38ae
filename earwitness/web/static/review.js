// The reviewers' desk: one task at a time, from the keyboard. Words are shown, never stored; a flag of one key covers them.

import { ask } from "./api.js";
import { byId, isSwitchedOn, make, setSwitch } from "./elements.js";
import { closeSound, openSound, SOUND_KEYS, stopSound } from "./review_sound.js";
import { attempt, inform, onSubmit, startWith } from "./header.js";
import { LABELS } from "./review_words.js";
import { sayClock } from "./times.js";

const COVERING = ["personal_data", "disturbing"];
const KEYS = [
  ["Enter", "take a task, while none is open"],
  ["Ctrl+Enter", "done, and the next one"],
  ["Alt+B", "hand it back"],
  ["Alt+H", "hand it back as hard to read: it goes to nobody who wants nothing like it"],
  ["Alt+1 … Alt+5", "the first five labels"],
  ["Alt+6, Alt+7", "flag personal data, or something disturbing: covers the words"],
  ...SOUND_KEYS,
  ["Tab", "from field to field"],
];

const LOOK_MS = 15_000;
/** So often in a row nobody could be asked whether the task still stands; then its words are put away. */
const MOST_UNANSWERED = 3;

let lease = null;
let unanswered = 0;
let paper = null;
let version = 0;
let rests = null;

async function load() {
  const found = await ask("GET", "/review");
  const waits = found.has_more ? " More wait." : " None waits now.";
  const agreed = found.compared ? ` Of ${found.compared} that somebody else judged too you agreed on ${found.agreed}.` : "";
  byId("standing").textContent = `You judged ${found.judged} in the last day; ${found.left} more may be begun.${waits}${agreed}`;
  byId("guide-title").textContent = `Guidelines, version ${found.guidelines}`;
  byId("sections").replaceChildren(...found.sections.map(section));
  byId("intents").replaceChildren(...found.intents.map((name) => make("option", { value: name })));
  setSwitch(byId("shelter"), found.is_sheltered);
  byId("guide").hidden = false;
  byId("test").hidden = found.has_passed;
  byId("unread").hidden = !found.has_passed || found.has_read;
  byId("part").hidden = !found.has_passed || !found.has_read;
  version = found.guidelines;
  rests = found.rests_until;
  byId("none-text").textContent = rests ? `Take a break until ${sayClock(rests)}. It costs you nothing.` : "Take one when you are ready. Handing back costs nothing.";
  if (!found.has_passed) await showTest();
  byId("status").textContent = "";
}

const section = ({ title, text, examples }) =>
  make("div", {}, make("h3", {}, title), make("p", {}, text), ...(examples.length ? [make("dl", { class: "examples" }, ...examples.flatMap(({ words, does }) => [make("dt", {}, `“${words}”`), make("dd", {}, does)]))] : []));

async function showTest() {
  byId("questions").replaceChildren();
  let taken;
  try {
    taken = await ask("POST", "/review/test");
  } catch (error) {
    if (error.code !== "review.enough_tries") throw error;
    byId("problem-test").textContent = error.message;
    return;
  }
  paper = taken.paper_id;
  byId("questions").replaceChildren(
    ...taken.questions.map(({ words, asks, choices }, number) =>
      make(
        "fieldset",
        { class: "fields" },
        make("legend", {}, `“${words}” ${asks}`),
        ...choices.map((choice, at) => make("label", { class: "option" }, make("input", { type: "radio", name: `question-${number}`, value: String(at), required: true }), ` ${choice}`)),
      ),
    ),
  );
}

async function take() {
  const found = await ask("POST", "/review/leases");
  if (found === null) {
    show(null);
    byId("none-text").textContent = "None waits now. Come again later.";
    return;
  }
  const words = await ask("POST", `/review/leases/${found.lease_id}/words`);
  show(found, words);
}

function show(found, words) {
  lease = found;
  byId("none").hidden = found !== null;
  byId("task").hidden = found === null;
  if (found === null) {
    closeSound();
    byId("words").textContent = "";
    byId("transcript").value = "";
    byId("slots").replaceChildren();
    byId("take").focus();
    return;
  }
  byId("task-title").textContent = `${found.pseudonym}, week ${found.week}`;
  byId("words").textContent = words.transcript;
  byId("transcript").value = words.transcript;
  byId("intent").value = words.intent ?? "";
  const slots = Object.entries(words.slots);
  byId("slots").replaceChildren(...slots.flatMap(([name, value], at) => [make("label", { for: `slot-${at}` }, `Slot “${name}”`), make("input", { id: `slot-${at}`, value, maxlength: "1000", "data-slot": name })]));
  for (const box of byId("labels").querySelectorAll("input")) box.checked = false;
  cover(false);
  openSound(found);
  byId("words").focus();
}

function cover(isCovered) {
  if (isCovered) stopSound();
  byId("words").classList.toggle("covered", isCovered);
  byId("transcript").classList.toggle("covered", isCovered);
  byId("words").setAttribute("aria-hidden", String(isCovered));
  byId("covered").hidden = !isCovered;
  byId("sound-player").classList.toggle("covered", isCovered);
}

/** A task that its person took back, or whose time is over, goes from the screen by itself; so do the words if whoever reads them may
 * not be here any more. What the net loses is asked again the next time. */
async function look() {
  const looked = lease;
  if (looked === null) return;
  let isOver = false;
  try {
    isOver = !(await ask("GET", `/review/leases/${looked.lease_id}`));
    unanswered = 0;
  } catch (error) {
    unanswered += 1;
    isOver = error.status === 401 || error.status === 403 || unanswered >= MOST_UNANSWERED;
  }
  if (!isOver || lease !== looked) return;
  show(null);
  inform(unanswered ? "The words were put away, since nobody could be asked whether they may be shown. Take the task again later." : "That task is over: it was taken back, or its time was up.");
  unanswered = 0;
}

const labels = () => [...byId("labels").querySelectorAll("input:checked")].map(({ value }) => value);

async function judge() {
  const slots = Object.fromEntries([...byId("slots").querySelectorAll("input")].map((input) => [input.dataset.slot, input.value]));
  const body = { transcript: byId("transcript").value, intent: byId("intent").value.trim() || null, slots, labels: labels() };
  await ask("PUT", `/review/leases/${lease.lease_id}/judgement`, body);
  await next("Handed in.");
}

async function handBack(isHard) {
  await ask("DELETE", `/review/leases/${lease.lease_id}${isHard ? "?disturbing=true" : ""}`);
  await next(isHard ? "Handed back, and marked as hard to read." : "Handed back.");
}

async function next(said) {
  show(null);
  inform(said);
  await load();
  if (!byId("part").hidden && !rests) await take();
}

function setLabel(value) {
  const box = byId(`label-${value}`);
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change"));
}

byId("labels").append(
  ...LABELS.map(([value, words, key]) => {
    const box = make("input", { type: "checkbox", id: `label-${value}`, value });
    box.addEventListener("change", () => {
      if (COVERING.includes(value)) cover(labels().some((one) => COVERING.includes(one)));
    });
    return make("label", { class: "option" }, box, ` ${words} (Alt+${key})`);
  }),
);
byId("keys").append(...KEYS.flatMap(([key, words]) => [make("dt", {}, key), make("dd", {}, words)]));
byId("uncover").addEventListener("click", () => cover(false));
byId("take").addEventListener("click", () => attempt(byId("take"), take));
byId("back").addEventListener("click", () => attempt(byId("back"), () => handBack(false)));
byId("hard").addEventListener("click", () => attempt(byId("hard"), () => handBack(true)));
byId("shelter").addEventListener("click", () =>
  attempt(byId("shelter"), async () => {
    const isOn = !isSwitchedOn(byId("shelter"));
    await ask("PUT", "/review/shelter", { is_on: isOn });
    setSwitch(byId("shelter"), isOn);
  }),
);
byId("have-read").addEventListener("click", () =>
  attempt(byId("have-read"), async () => {
    await ask("PUT", `/review/guidelines/${version}`);
    await load();
    byId("take").focus();
  }),
);
/** What is copied out of a task is noted: nothing leaves this page. */
for (const part of ["words", "transcript", "slots"]) {
  for (const way of ["copy", "cut"]) byId(part).addEventListener(way, () => lease && ask("POST", `/review/leases/${lease.lease_id}/copied`).catch(() => {}));
}
onSubmit(byId("task"), byId("problem-task"), judge);
onSubmit(byId("test"), byId("problem-test"), async () => {
  const asked = byId("questions").querySelectorAll("fieldset").length;
  const form = new FormData(byId("test"));
  const answers = Array.from({ length: asked }, (_, number) => Number(form.get(`question-${number}`)));
  try {
    await ask("PUT", "/review/test", { paper_id: paper, answers });
  } catch (error) {
    await showTest();
    byId("questions").querySelector("input")?.focus();
    throw error;
  }
  await load();
  byId("take").focus();
});
document.addEventListener("keydown", (event) => {
  if (lease === null) return;
  if (event.ctrlKey && event.key === "Enter") {
    event.preventDefault();
    byId("task").requestSubmit();
  } else if (event.altKey && event.key.toLowerCase() === "b") {
    event.preventDefault();
    byId("back").click();
  } else if (event.altKey && event.key.toLowerCase() === "h") {
    event.preventDefault();
    byId("hard").click();
  } else if (event.altKey) {
    const label = LABELS.find(([, , key]) => key === event.key);
    if (label) {
      event.preventDefault();
      setLabel(label[0]);
    }
  }
});
window.addEventListener("pagehide", () => show(null));
setInterval(look, LOOK_MS);
startWith(load);
