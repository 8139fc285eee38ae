// The lines of the page of plans: one alarm, reminder, timer, event or list each, with its buttons. What they do is given to them.

import { make } from "./elements.js";

const clock = (seconds) => {
  const whole = Math.max(0, Math.ceil(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
};

/** A button; `key` finds it again after the page has been drawn anew, `about` is what it is for, for those who only hear it. */
export function act(label, about, key, work) {
  const button = make("button", { type: "button", "data-key": key, "aria-label": `${label}: ${about}` }, label);
  button.addEventListener("click", () => work(button));
  return button;
}

const line = (what, acts, classes = "") => make("li", { class: classes || null }, make("div", { class: `what ${classes === "off" ? "off" : ""}` }, ...what), make("div", { class: "acts" }, ...acts));
const quiet = (...words) => make("span", { class: "quiet" }, words.filter(Boolean).join(" · "));
const begun = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/** A routine: when, and what it does then. */
export function routineLine(one, { turn, edit, forget }) {
  const steps = make("ol", {}, ...one.steps.map((step) => make("li", {}, step)));
  const told = quiet(one.name ? one.when : "", one.is_on ? "" : "off", one.is_once ? "once" : "", one.made_by ? `made by ${one.made_by}` : "");
  const idle = one.why_idle ? make("p", { class: "idle" }, one.why_idle) : "";
  const acts = [
    act("Change…", one.when, `edit-routine-${one.id}`, () => edit(one)),
    act(one.is_on ? "Switch off" : "Switch on", one.when, `on-${one.id}`, (button) => turn(button, one)),
    act("Remove", one.when, `remove-${one.id}`, (button) => forget(button, one)),
  ];
  return line([make("strong", {}, one.name ? begun(one.name) : one.when), steps, told, idle], acts, one.is_on && !one.why_idle ? "" : "off");
}

/** An alarm or a reminder. */
export function alertLine(one, { change, edit, remove }) {
  const title = one.kind === "reminder" ? one.text : one.name || begun(one.when);
  const rings = one.is_ringing ? "rings now" : one.is_snoozed ? "snoozed" : "";
  const next = one.is_on && one.next_in_words && (one.is_recurring || one.skipped) ? `next ${one.next_in_words}` : "";
  const whose = one.kind === "reminder" ? `for ${one.whose || "everyone"}` : "";
  const about = `${title}, ${one.when}`;
  const acts = [];
  if (one.is_ringing || one.is_snoozed) acts.push(act("Stop", about, `stop-${one.id}`, (button) => change(button, one, { is_ringing: false }, "It is stopped.")));
  acts.push(act("Change…", about, `edit-${one.id}`, () => edit(one)));
  if (one.skipped) acts.push(act("Do not skip", about, `skip-${one.id}`, (button) => change(button, one, { is_next_skipped: false }, "It rings as usual.")));
  else if (one.is_on && one.is_recurring && one.next_at) acts.push(act("Skip next", about, `skip-${one.id}`, (button) => change(button, one, { is_next_skipped: true }, `It does not ring ${one.next_in_words}.`)));
  acts.push(act(one.is_on ? "Switch off" : "Switch on", about, `on-${one.id}`, (button) => change(button, one, { is_on: !one.is_on }, one.is_on ? "It is off." : "It is on.")));
  acts.push(act("Remove", about, `remove-${one.id}`, (button) => remove(button, one)));
  const sound = one.kind === "alarm" && one.sound !== "tone" ? `with ${one.sound_title}` : "";
  const plain = one.rings_plainly_at.length ? `not so at ${one.rings_plainly_at.join(", ")}, which can only ring with its own tone` : "";
  const skips = one.skipped ? `not ${one.skipped}` : "";
  const told = quiet(title === begun(one.when) ? "" : one.when, one.is_on ? next : "off", skips, whose, one.area ?? "", sound, one.is_rising ? "begins softly" : "", plain, rings);
  return line([make("strong", {}, title), told], acts, one.is_ringing ? "rings" : one.is_on ? "" : "off");
}

/** A timer; what is left of it runs on between two answers of the server. */
export function timerLine(one, { change, remove }) {
  const title = one.name ? `${one.name} timer` : `${one.when} timer`;
  const left = make("span", { class: "count-down", "data-left": one.is_paused || one.is_ringing ? null : String(one.seconds_left ?? 0) }, clock(one.seconds_left ?? 0));
  const acts = [];
  if (one.is_ringing) acts.push(act("Stop", title, `stop-${one.id}`, (button) => change(button, one, { is_ringing: false }, "It is stopped.")));
  else {
    acts.push(act(one.is_paused ? "Go on" : "Pause", title, `pause-${one.id}`, (button) => change(button, one, { is_paused: !one.is_paused }, one.is_paused ? "It runs again." : "It is paused.")));
    acts.push(act("1 minute more", title, `more-${one.id}`, (button) => change(button, one, { more_seconds: 60 }, "One minute more.")));
  }
  acts.push(act("Cancel", title, `remove-${one.id}`, (button) => remove(button, one)));
  const state = one.is_ringing ? "rings now" : one.is_paused ? "paused" : "left";
  return line([make("strong", {}, title), make("span", { class: "quiet" }, ...(one.is_ringing ? [] : [left, " "]), [state, one.area].filter(Boolean).join(" · "))], acts, one.is_ringing ? "rings" : "");
}

/** Let the timers on the page run on for `seconds`. */
export function countDown(seconds) {
  for (const each of document.querySelectorAll("[data-left]")) {
    each.dataset.left = String(Math.max(0, Number(each.dataset.left) - seconds));
    each.textContent = clock(Number(each.dataset.left));
  }
}

/** A place where nobody wants to be disturbed. */
export function sparedLine(one, { disturb }) {
  const place = one.area ?? one.satellite_name ?? (one.satellite ? "A satellite" : "Everywhere");
  const told = quiet(one.until_in_words ? `until ${one.until_in_words}` : "until somebody switches it off");
  return line([make("strong", {}, place), told], [act("Switch off", place, `spared-${one.area}-${one.satellite}`, (button) => disturb(button, one, place))]);
}

/** An event, or one time of what repeats. */
export function eventLine(one, { edit, remove, hasSeveral }) {
  const told = quiet(`${one.when}${one.is_all_day ? ", all day" : ""}`.replace(", all day, all day", ", all day"), one.location, one.is_recurring ? "repeats" : "", hasSeveral ? one.calendar : "");
  const [about, key] = [`${one.summary} ${one.when}`, `${one.id}-${one.starts}`];
  return line(
    [make("strong", {}, one.summary), told],
    [act("Change…", about, `edit-event-${key}`, () => edit(one)), act("Remove", about, `event-${key}`, (button) => remove(button, one))],
  );
}

/** What is the same here and on the calendar server, how far behind that is, and what was not taken over. */
export function syncNodes(one) {
  const what = one.what.length > 1 ? `${one.what.slice(0, -1).join(", ")} and ${one.what.at(-1)}` : one.what[0];
  const worked = one.worked_in_words ? `Both sides were last the same ${one.worked_in_words}.` : "Both sides have not been the same yet.";
  const behind = one.behind === 0 ? "Everything here is there too." : one.behind === 1 ? "One change is not yet on the calendar server; it is kept here." : `${one.behind} changes are not yet on the calendar server; they are kept here.`;
  return [
    make("p", {}, `${begun(what)} live here and on ${one.host}, and whoever can read that account can read them. What is changed or ticked off there changes here, and the other way round.`),
    make("p", { class: "quiet" }, `${worked} ${behind}`),
    ...(one.error ? [make("p", { class: "wrong" }, one.error)] : []),
    ...(one.notes.length ? [make("p", {}, "Not taken over from there:"), make("ul", {}, ...one.notes.map((note) => make("li", {}, note)))] : []),
  ];
}

/** A list with a field for one thing more. */
export function listCard(one, { add, check, takeOff, clear, rename, remove }) {
  const id = `list-${one.name.replace(/\W+/g, "-")}`;
  const done = one.items.filter((item) => item.is_complete).length;
  const tools = [];
  if (done) tools.push(act("Clear what is done", one.name, `clear-${one.name}`, (button) => clear(button, one)));
  if (!one.is_fixed) tools.push(act("Rename…", one.name, `rename-${one.name}`, () => rename(one)), act("Delete…", one.name, `delete-${one.name}`, () => remove(one)));
  const items = one.items.map((item) => {
    const box = make("input", { type: "checkbox", checked: item.is_complete, "data-key": `check-${item.id}` });
    box.addEventListener("change", () => check(box, one, item));
    return make("li", {}, make("label", {}, box, make("span", { class: item.is_complete ? "done" : null }, item.text)), act("Remove", `${item.text} from ${one.name}`, `off-${item.id}`, (button) => takeOff(button, one, item)));
  });
  const field = make("input", { name: "text", maxlength: "200", autocomplete: "off", required: true, "aria-label": `Add to ${one.name}`, placeholder: "apples and milk", "data-key": `add-${one.name}` });
  const form = make("form", { class: "row" }, field, make("button", { type: "submit", "data-key": `put-${one.name}`, "aria-label": `Add to ${one.name}` }, "Add"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(form.querySelector("button"), one, field);
  });
  const heading = make("header", {}, make("h3", { id }, one.name), ...(tools.length ? [make("div", { class: "acts choices" }, ...tools)] : []));
  return make("section", { class: "one-list", "aria-labelledby": id, "data-list": one.name }, heading, ...(items.length ? [make("ul", {}, ...items)] : [make("p", { class: "quiet" }, "Nothing is on it.")]), form);
}
