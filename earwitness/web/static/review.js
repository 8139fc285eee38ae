// The reviewers' desk: one task at a time, from the keyboard. Words are shown, never stored; a flag of one key covers them.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { closeSound, openSound, SOUND_KEYS, stopSound } from "./review_sound.js";
import { attempt, inform, onSubmit, startWith } from "./header.js";

/** Labels with the key (with Alt) that sets them; the covering ones hide the words at once. */
const LABELS = [
  ["false_wake", "False wake", "1"],
  ["several_speakers", "Several speakers", "2"],
  ["child", "Child", "3"],
  ["background", "Background", "4"],
  ["unclear", "Unclear", "5"],
  ["personal_data", "Personal data", "6"],
  ["disturbing", "Disturbing", "7"],
];
const COVERING = ["personal_data", "disturbing"];
const KEYS = [
  ["Enter", "take a task, while none is open"],
  ["Ctrl+Enter", "done, and the next one"],
  ["Alt+B", "hand it back"],
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

async function load() {
  const found = await ask("GET", "/review");
  byId("standing").textContent = `You judged ${found.judged} in the last day; ${found.left} more may be begun. ${found.waiting} wait.`;
  byId("sections").replaceChildren(...found.sections.map(({ title, text }) => make("div", {}, make("h3", {}, title), make("p", {}, text))));
  byId("intents").replaceChildren(...found.intents.map((name) => make("option", { value: name })));
  byId("guide").hidden = false;
  byId("test").hidden = found.has_passed;
  byId("part").hidden = !found.has_passed;
  if (!found.has_passed) showTest(found.questions);
  byId("status").textContent = "";
}

function showTest(questions) {
  byId("questions").replaceChildren(
    ...questions.map(({ words, asks, choices }, number) =>
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

async function handBack() {
  await ask("DELETE", `/review/leases/${lease.lease_id}`);
  await next("Handed back.");
}

async function next(said) {
  show(null);
  inform(said);
  await load();
  await take();
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
byId("back").addEventListener("click", () => attempt(byId("back"), handBack));
onSubmit(byId("task"), byId("problem-task"), judge);
onSubmit(byId("test"), byId("problem-test"), async () => {
  const asked = byId("questions").querySelectorAll("fieldset").length;
  const form = new FormData(byId("test"));
  const answers = Array.from({ length: asked }, (_, number) => Number(form.get(`question-${number}`)));
  await ask("POST", "/review/test", { answers });
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
