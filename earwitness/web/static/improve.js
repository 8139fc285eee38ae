// The page of learning: versions with their evidence, one click to use one or take it back, the curve over versions, the sets.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { startWith } from "./header.js";
import { namedButton } from "./named_button.js";
import { sayMoment } from "./times.js";

const STATES = {
  registered: "begun: what counts as a gain is in the ledger",
  learned: "learned, not measured yet",
  measured: "a measured gain, not used yet",
  refused: "no gain: not used",
  trial: "on trial",
  in_use: "in use",
  replaced: "replaced by a newer one",
  taken_back: "taken back",
  retired: "retired: somebody deleted or withdrew what it learned from",
};
const TRIAL_SHARE = 0.2;
const SVG = "http://www.w3.org/2000/svg";

const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)} %`;
const signed = (share) => `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
const words = (name) => name.replaceAll("_", " ");

async function load() {
  const { sets, versions } = await ask("GET", "/improve");
  byId("versions").replaceChildren(...versions.map(card));
  byId("versions-empty").hidden = versions.length > 0;
  byId("sets").replaceChildren(...sets.map(setLine));
  byId("sets-empty").hidden = sets.length > 0;
  drawCurve(versions.filter((one) => one.report).reverse());
  byId("status").textContent = "";
  byId("part").hidden = false;
}

function card(version) {
  const { number, state, report, reason, share } = version;
  const name = `version ${number}`;
  const button = (label, work, tone = "") => namedButton(name, label, work, { load, tone });
  const use = (part) => () => ask("POST", `/improve/models/${version.model}/promotion`, { share: part }).then(() => (part < 1 ? "It is on trial." : "It is in use."));
  const takeBack = () => ask("POST", "/improve/rollback", {}).then(() => "It is taken back.");
  const mayTry = state === "measured";
  const mayUse = state === "measured" || state === "trial" || state === "replaced";
  const isUsed = state === "trial" || state === "in_use";
  return make(
    "li",
    { class: "card fields", "data-state": state },
    make("h3", {}, `Version ${number}`),
    make("p", { class: "quiet" }, `${STATES[state]}${state === "trial" ? `, in ${percent(share, 0)} of the hours at each place` : ""} · ${sayMoment(version.changed_at)}`),
    ...(report ? [make("p", {}, report.sentence)] : []),
    ...(reason && !report?.sentence.includes(reason) ? [make("p", {}, reason)] : []),
    ...(state === "trial" ? [signals(version)] : []),
    ...(report ? [details(version)] : []),
    make(
      "div",
      { class: "choices" },
      ...(mayTry ? [button("Try it", use(TRIAL_SHARE))] : []),
      ...(mayUse ? [button("Use it always", use(1), "main")] : []),
      ...(isUsed ? [button("Take it back", takeBack, "danger")] : []),
    ),
  );
}

function signals({ with_it: own, without }) {
  const bad = (one) => `${one.repeats + one.cancellations + one.corrections} of ${one.turns}`;
  return make("p", { class: "quiet" }, `Turns after which somebody asked again, called off or corrected: ${bad(own)} with it, ${bad(without)} without. If that is surely more, it is taken back by itself.`);
}

function details({ report, primary, minimum_gain: least, registered_position: position }) {
  const parts = [
    make("p", { class: "quiet" }, `Registered as entry ${position} of the ledger before it learned: promoted by ${words(primary)}, at least ${percent(least)} better. Measured on ${report.items} recordings of ${report.speakers} ${report.speakers === 1 ? "person" : "people"}; never on both sides: ${report.split}.`),
    table("Before and now", report.gains),
    table("Without anything learned, and now", report.against_plain),
    ...Object.entries(report.groups).map(([group, gains]) => table(`Group: ${group}`, gains)),
    ...Object.entries(report.alone).map(([adapter, gains]) => table(`Alone: ${words(adapter)}`, gains)),
    changed("Largest wins", report.wins),
    changed("Largest losses", report.losses),
  ];
  return make("details", {}, make("summary", {}, "The evidence"), ...parts.filter(Boolean));
}

function table(caption, gains) {
  const rows = Object.entries(gains);
  if (rows.length === 0) return null;
  const head = ["Measure (less is better)", "Before", "Now", "Gain, 95 %"].map((text) => make("th", { scope: "col" }, text));
  const body = rows.map(([name, one]) => {
    const sure = one.low === null ? "one speaker: not sure" : `${signed(one.low)} to ${signed(one.high)}`;
    return make("tr", {}, make("th", { scope: "row" }, words(name)), make("td", {}, percent(one.before)), make("td", {}, percent(one.after)), make("td", {}, `${signed(one.gain)} (${sure})`));
  });
  const made = make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  return make("div", { class: "figures", tabindex: "0", role: "region", "aria-label": caption }, made);
}

function changed(title, rows) {
  if (rows.length === 0) return null;
  const line = (one) => make("li", {}, `Recording ${one.recording.slice(0, 8)}: ${one.before} wrong before, ${one.after} now`);
  return make("div", {}, make("h4", {}, title), make("ul", {}, ...rows.map(line)));
}

function setLine(one) {
  const left = Object.entries(one.left_out).map(([why, count]) => `${count} ${words(why)}`);
  return make("li", {}, `Set ${one.number}, ${sayMoment(one.made_at)}: ${one.teaches} teach, ${one.measures} measure (${one.split} apart).${left.length ? ` Left out: ${left.join(", ")}.` : ""} Entry ${one.position ?? "pending"} of the ledger.`);
}

function drawCurve(measured) {
  byId("curve-part").hidden = measured.length === 0;
  if (measured.length === 0) return;
  const share = ({ report }) => report.right.after / Math.max(1, report.right.of);
  byId("curve-words").textContent = `Judged requests that each version understands, each on its own set: ${measured.map((one) => `version ${one.number} ${percent(share(one), 0)}`).join(", ")}.`;
  const x = (at) => 30 + (measured.length === 1 ? 130 : (260 * at) / (measured.length - 1));
  const y = (part) => 140 - 120 * part;
  const points = measured.map((one, at) => `${x(at)},${y(share(one))}`).join(" ");
  const dots = measured.map((one, at) => drawn("circle", { cx: x(at), cy: y(share(one)), r: 4, fill: "currentColor" }));
  const names = measured.map((one, at) => drawn("text", { x: x(at), y: 156, "text-anchor": "middle", "font-size": 11, fill: "currentColor" }, `${one.number}`));
  const axis = drawn("path", { d: "M30 20V140H300", fill: "none", stroke: "currentColor", "stroke-opacity": 0.4 });
  byId("curve").replaceChildren(axis, drawn("polyline", { points, fill: "none", stroke: "currentColor", "stroke-width": 2 }), ...dots, ...names);
}

function drawn(tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

startWith(load);
