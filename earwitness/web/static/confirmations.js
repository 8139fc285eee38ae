// What is confirmed before it is done: chosen for who asks, act by act, for single devices and single people.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt, inform } from "./header.js";

const SPEAKERS = { owner: "An owner", adult: "An adult", child: "A child", guest: "A guest", unknown: "A voice that nobody knows" };
const ACTS = {
  light: "Lights, switches, fans, scenes, blinds",
  climate: "Heating and cooling",
  music: "Music",
  lock: "Lock a door",
  unlock: "Unlock a door",
  open_way_in: "Open a garage, a gate or a door",
  close_way_in: "Close a garage, a gate or a door",
  message: "Send a message",
  call: "Call somebody",
  emergency_call: "Call the emergency services",
  delete_everything: "Delete everything that is kept",
};
const WAYS = { none: "At once", read_back: "Say it back, do it after a yes", ask: "Ask first", refuse: "Refuse" };
let found = null;

export async function loadConfirmations() {
  found = await ask("GET", "/confirmations");
  if (!byId("speaker").options.length) byId("speaker").replaceChildren(...Object.entries(SPEAKERS).map(([value, words]) => make("option", { value }, words)));
  byId("own-act").replaceChildren(make("option", { value: "" }, "Anything"), ...options(ACTS));
  byId("own-way").replaceChildren(...options(WAYS));
  show();
}

const options = (words) => Object.entries(words).map(([value, name]) => make("option", { value }, name));

function show() {
  const speaker = byId("speaker").value;
  const rules = found.rules.filter((one) => one.speaker === speaker);
  byId("acts").replaceChildren(...rules.map((rule) => line(ACTS[rule.act], ways(rule), rule.confirmation, (confirmation) => ({ act: rule.act, speaker, confirmation }), `act-${rule.act}`)));
  showOwn();
  byId("guarded-part").hidden = found.devices.length === 0;
  byId("guarded").replaceChildren(
    ...found.devices.map((one) => line(one.area ? `${one.name}, ${one.area}` : one.name, { "": "As above", ...WAYS }, one.confirmation ?? "", (chosen) => ({ device_id: one.device_id, confirmation: chosen || null }), `device-${one.device_id}`)),
  );
}

/** Rules of one person, or of an act with one device, and what another one can be about. */
function showOwn() {
  byId("own-none").hidden = found.own.length > 0;
  byId("own").replaceChildren(...found.own.map(ownLine));
  keepChoice("own-who", [make("option", { value: "" }, "Everybody"), ...options(SPEAKERS), ...found.people.map((one) => make("option", { value: `person:${one.id}` }, one.name))]);
  keepChoice("own-device", [make("option", { value: "" }, "Anything"), ...found.things.map((one) => make("option", { value: one.id }, one.name))]);
}

function keepChoice(id, choices) {
  const before = byId(id).value;
  byId(id).replaceChildren(...choices);
  byId(id).value = choices.some((one) => one.value === before) ? before : "";
}

const nameOf = (list, id) => list.find((one) => one.id === id)?.name;

function ownLine(rule) {
  const who = rule.person_id ? (nameOf(found.people, rule.person_id) ?? "Somebody who left") : rule.speaker ? SPEAKERS[rule.speaker] : "Everybody";
  const device = rule.device_id ? (nameOf(found.things, rule.device_id) ?? rule.device ?? "a device that is not there now") : null;
  const words = [who, rule.act ? ACTS[rule.act] : "anything", device].filter(Boolean).join(", ");
  const remove = make("button", { type: "button", "aria-label": `Remove the rule: ${words}` }, "Remove");
  remove.addEventListener("click", () => put(remove, rule, null, `Removed: ${words}.`));
  return make("li", { class: "row" }, make("span", { class: "grow" }, `${words}: ${WAYS[rule.confirmation]}.`), remove);
}

function put(button, rule, confirmation, news) {
  return attempt(button, async () => {
    found = await ask("PUT", "/confirmations", { device_id: rule.device_id, act: rule.act, speaker: rule.speaker, person_id: rule.person_id, confirmation });
    show();
    inform(news);
    if (!button.isConnected) byId("own-who").focus();
  });
}

byId("own-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [who, act, device] = ["own-who", "own-act", "own-device"].map((id) => byId(id).value || null);
  const personId = who?.startsWith("person:") ? who.slice("person:".length) : null;
  const isEnough = device !== null || (act !== null && who !== null);
  byId("own-wrong").textContent = isEnough ? "" : "Say for which device, or who does what.";
  if (!isEnough) return;
  const way = byId("own-way").value;
  await put(event.submitter, { device_id: device, act, speaker: personId ? null : who, person_id: personId }, way, `The rule counts now: ${WAYS[way]}.`);
});

/** What can be chosen; what is dangerous by nature is asked about at least. */
function ways(rule) {
  const possible = Object.entries(WAYS).filter(([way]) => !rule.is_fixed || way === "ask" || way === "refuse");
  return Object.fromEntries(possible.map(([way, words]) => [way, way === rule.default ? `${words} (usual)` : words]));
}

function line(words, choices, current, body, id) {
  const select = make("select", { id }, ...Object.entries(choices).map(([value, name]) => make("option", { value, selected: value === current }, name)));
  select.addEventListener("change", async () => {
    const isDone = await attempt(select, async () => {
      found = await ask("PUT", "/confirmations", body(select.value));
      inform(`${words}: ${choices[select.value]}.`);
    });
    if (!isDone) select.value = current;
    else current = select.value;
  });
  return make("li", { class: "fields" }, make("label", { for: id }, words), select);
}

byId("speaker").addEventListener("change", show);
