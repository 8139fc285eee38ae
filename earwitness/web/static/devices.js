// The page of satellites: pair, name, move, mute and revoke them. There is no way to unmute here: only at the device.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { account, attempt, complain, inform, onSubmit, startWith } from "./header.js";
import { namedButton } from "./named_button.js";
import { sayMoment } from "./times.js";

const LOOK_MS = 2_000;
const EVENTS = {
  pairing_opened: "Pairing was opened",
  pairing_closed: "Pairing was closed",
  pairing_asked: "Asked to be paired",
  pairing_wrong_code: "A wrong code was typed",
  pairing_refused: "Was refused",
  paired: "Was paired",
  revoked: "Was taken out",
  refused: "A device that is not paired here came and was refused",
  connected: "Connected",
  went_away: "Went away",
  went_away_in_mid_word: "Went away in mid-word; what it had sent was dropped",
  renewed: "Got a new certificate",
  changed: "Name, room or voice changed",
  mute_wished: "Was asked to mute",
  muted: "Muted at the device",
  unmuted: "Unmuted at the device",
};
const KINDS = { satellite: "", wyoming: "Wyoming", esphome: "ESPHome" };

let shown = { devices: [], rooms: [], pairing: { is_open: false, waiting: [] } };
let voices = [];

const roomOptions = (chosen, none) => [make("option", { value: "" }, none), ...shown.rooms.map((room) => make("option", { value: room, selected: room.toLowerCase() === chosen?.toLowerCase() }, room))];
const voiceOptions = (chosen) => [make("option", { value: "" }, "The home’s voice"), ...voices.map((voice) => make("option", { value: voice.name, selected: voice.name === chosen }, voice.name))];
const orNull = (text) => text || null;

async function load() {
  shown = await ask("GET", "/devices");
  const present = shown.devices.filter((one) => !one.revoked_at);
  byId("devices").replaceChildren(...present.map(card));
  byId("none").hidden = present.length > 0;
  const gone = shown.devices.filter((one) => one.revoked_at);
  byId("revoked-part").hidden = gone.length === 0;
  byId("revoked").replaceChildren(...gone.map((one) => make("li", {}, `${one.name}, since ${sayMoment(one.revoked_at)}`)));
  byId("plain").hidden = shown.warnings.length === 0;
  byId("plain").replaceChildren(...shown.warnings.map((sentence) => make("p", {}, sentence)));
  showPairing(shown.pairing);
  byId("status").textContent = "";
  byId("part").hidden = false;
}

async function loadChoices() {
  const isTalking = account.me.permissions.includes("talk");
  byId("announce").hidden = !isTalking;
  voices = isTalking ? (await ask("GET", "/voices")).voices.filter((voice) => voice.installed) : [];
  byId("confirm-voice").replaceChildren(...voiceOptions(null));
  byId("confirm-area").replaceChildren(...roomOptions(null, "No room"));
  byId("foreign-area").replaceChildren(...roomOptions(null, "No room"));
  byId("announce-area").replaceChildren(...roomOptions(null, "Everywhere"));
}

function facts(one) {
  const state = one.is_connected ? "connected" : one.seen_at ? `away, last seen ${sayMoment(one.seen_at)}` : "not seen yet";
  return [
    KINDS[one.kind],
    one.area ?? "no room",
    one.voice ? `voice ${one.voice}` : "",
    state,
    one.is_muted ? "muted" : "",
    one.is_quiet ? "do not disturb" : "",
    one.is_mute_wished ? "asked to mute, not answered yet" : "",
    one.place ? `at ${one.place}` : "",
  ]
    .filter(Boolean)
    .join(", ");
}

function card(one) {
  const button = (words, work, tone = "") => namedButton(one.name, words, work, { load, tone });
  const lines = [make("p", { class: "quiet" }, facts(one))];
  if (one.problem) lines.push(make("p", { class: "wrong" }, one.problem));
  if (one.is_connected && !one.is_encrypted) lines.push(make("p", { class: "wrong" }, "Its sound travels unencrypted: anybody on that network can listen."));
  if (one.is_muted && one.kind !== "satellite") lines.push(make("p", { class: "quiet" }, "What it sends is dropped. Only the box's own mute switch is sure. To hear it again, take it out and add it anew."));
  if (one.is_muted && one.kind === "satellite") lines.push(make("p", { class: "quiet" }, "Nobody can unmute it from here, or from anywhere else: use its mute button or key at the device."));
  if (one.went_away_in_mid_word_at) lines.push(make("p", { class: "quiet" }, `It went away in mid-word at ${sayMoment(one.went_away_in_mid_word_at)}; what it had sent was dropped.`));
  const buttons = [button("Change …", () => change(one)), ...(one.is_muted ? [] : [button("Mute", () => mute(one))]), button("Take out …", () => revoke(one), "danger")];
  return make("li", { class: "card fields", "data-device": one.name }, make("h3", {}, one.name), ...lines, make("div", { class: "choices" }, ...buttons));
}

async function change(one) {
  const name = make("input", { id: "change-name", maxlength: "64", required: true, value: one.name, autocomplete: "off", spellcheck: "false" });
  const area = make("select", { id: "change-area" }, ...roomOptions(one.area, "No room"));
  const voice = make("select", { id: "change-voice" }, ...voiceOptions(one.voice));
  const done = await choose({
    title: `Change ${one.name}`,
    body: [make("label", { for: "change-name" }, "Name", name), make("label", { for: "change-area" }, "Room", area), make("label", { for: "change-voice" }, "Voice", voice)],
    choices: [{ value: "change", label: "Change", tone: "main", isDefault: true }, CANCEL],
    act: () => ask("PATCH", `/devices/${one.device_id}`, { name: name.value.trim(), area: orNull(area.value), voice: orNull(voice.value) }),
    focus: name,
  });
  return done ? `${name.value.trim()} is changed.` : "";
}

async function mute(one) {
  await ask("POST", `/devices/${one.device_id}/mute`);
  return one.is_connected ? `${one.name} was asked to mute. Only the device can undo it.` : `${one.name} will be asked to mute when it comes. Only the device can undo it.`;
}

async function revoke(one) {
  const done = await choose({
    title: `Take ${one.name} out?`,
    body: [make("p", {}, "Its session ends at once and its key is refused from now on. To use it again, pair it anew.")],
    choices: [{ value: "revoke", label: "Take out", tone: "danger" }, CANCEL],
    act: () => ask("DELETE", `/devices/${one.device_id}`),
  });
  return done ? `${one.name} is taken out.` : "";
}

function showPairing(pairing) {
  const minutes = Math.ceil(pairing.closes_in_seconds / 60);
  const state = pairing.is_open ? `Pairing is open for ${minutes === 1 ? "another minute" : `${minutes} more minutes`}.` : "Pairing is closed.";
  if (byId("pairing").textContent !== state) byId("pairing").textContent = state;
  byId("pair-open").hidden = pairing.is_open;
  byId("pair-close").hidden = !pairing.is_open;
  byId("confirm").hidden = !pairing.is_open;
  const names = pairing.waiting.map((one) => one.waiting_id).join();
  if (byId("waiting").dataset.shown === names) return;
  byId("waiting").dataset.shown = names;
  byId("waiting").replaceChildren(...pairing.waiting.map(waitingLine));
  const [first] = pairing.waiting;
  if (first) inform(`${first.name} shows its code.`);
  if (first && !byId("confirm-name").value) byId("confirm-name").value = first.name;
}

function waitingLine(one) {
  const refuse = make("button", { type: "button", "aria-label": `Refuse (${one.name})` }, "Refuse");
  refuse.addEventListener("click", () => attempt(refuse, async () => showPairing(await ask("DELETE", `/devices/pairing/waiting/${one.waiting_id}`))));
  return make("li", { class: "row" }, make("span", { class: "grow" }, `${one.name} waits and shows its code`), refuse);
}

async function look() {
  if (document.hidden || byId("pair-close").hidden) return;
  try {
    showPairing(await ask("GET", "/devices/pairing"));
  } catch {
    // the next look may find it again
  }
}

function onForm(id, work) {
  const form = byId(id);
  onSubmit(form, byId(`${id}-problem`), async () => {
    try {
      inform(await work(form));
    } catch (error) {
      if (error.code === "pairing.closed") await load();
      throw error;
    }
  });
}

byId("pair-open").addEventListener("click", () =>
  attempt(byId("pair-open"), async () => {
    showPairing(await ask("POST", "/devices/pairing"));
    byId("confirm-digits").focus();
  }),
);
byId("pair-close").addEventListener("click", () =>
  attempt(byId("pair-close"), async () => {
    showPairing(await ask("DELETE", "/devices/pairing"));
    byId("pair-open").focus();
  }),
);
onForm("confirm", async (form) => {
  const asked = { code: byId("confirm-digits").value.trim(), name: byId("confirm-name").value.trim() };
  const made = await ask("POST", "/devices/pairing/confirmation", { ...asked, area: orNull(byId("confirm-area").value), voice: orNull(byId("confirm-voice").value) });
  form.reset();
  await load();
  byId("pair-open").focus();
  return `${made.name} is paired and connects by itself.`;
});
onForm("announce", async (form) => {
  const told = await ask("POST", "/announce", { text: byId("announce-text").value.trim(), area: orNull(byId("announce-area").value) });
  const spared = told.quiet.length ? ` Do not disturb is on at ${told.quiet.join(", ")}.` : "";
  if (!told.confirmed.length && !told.unconfirmed.length) return spared ? `Nothing was announced.${spared}` : "No satellite is connected there, so nothing was announced.";
  form.reset();
  const missed = told.unconfirmed.length ? ` Not confirmed by ${told.unconfirmed.join(", ")}.` : "";
  return told.confirmed.length ? `Announced on ${told.confirmed.join(", ")}.${missed}${spared}` : `Nobody may have heard it.${missed}${spared}`;
});
onForm("foreign", async (form) => {
  const kind = byId("foreign-kind").value;
  const place = { kind, name: byId("foreign-name").value.trim(), place: byId("foreign-place").value.trim() };
  const secret = kind === "esphome" ? orNull(byId("foreign-secret").value.trim()) : null;
  const made = await ask("POST", "/devices/foreign", { ...place, secret, area: orNull(byId("foreign-area").value) });
  form.reset();
  await load();
  return `${made.name} is added.`;
});
byId("foreign-kind").addEventListener("change", () => {
  byId("foreign-secret-part").hidden = byId("foreign-kind").value !== "esphome";
});
byId("log-part").addEventListener("toggle", async () => {
  if (!byId("log-part").open) return;
  try {
    const { entries } = await ask("GET", "/devices/log");
    const names = Object.fromEntries(shown.devices.map((one) => [one.device_id, one.name]));
    byId("log").replaceChildren(...entries.map((one) => make("li", {}, [sayMoment(one.at), names[one.device_id] ?? one.detail, EVENTS[one.what] ?? one.what].filter(Boolean).join(": "))));
  } catch (error) {
    complain(error.message);
  }
});

setInterval(look, LOOK_MS);
startWith(async () => {
  await load();
  await loadChoices();
});
