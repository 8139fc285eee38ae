// The page of oversight: what waits, conduct, what was flagged, terms, draws and who listened. Emergencies are oversight_glass.js.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt, inform, onSubmit, startWith } from "./header.js";
import { glassCard } from "./oversight_glass.js";
import { CLOSED, OUTCOMES, STATES, SUBJECTS, VALUES, sayValues } from "./oversight_words.js";
import { count, sayMoment, saySeconds } from "./times.js";

const LOOK_EVERY_MS = 15_000;
const WHY = { review: "review", escalation: "what was flagged", break_glass: "an emergency", training: "training", demand: "a legal demand" };
let shown = "";

async function load(news = "") {
  const found = await ask("GET", "/oversight");
  if (news) inform(news);
  byId("status").textContent = "";
  byId("part").hidden = false;
  if (JSON.stringify(found) === shown) return;
  shown = JSON.stringify(found);
  showWaiting(found);
  showTerms(found.terms);
  part("glass", found.emergencies, (one) => glassCard(one, load));
  part("flagged", found.flagged, flagged);
  part("conduct", found.suspensions, suspension);
  part("days", found.days, day);
  part("listens", found.listens, listens);
  byId("break").hidden = !found.may_ask;
}

/** Fill a list; `made` is null where it is none of this account's. */
function part(name, found, card) {
  byId(`${name}-part`).hidden = found === null;
  byId(name).replaceChildren(...(found ?? []).map(card));
  byId(`${name}-empty`).hidden = (found ?? []).length > 0;
  const table = byId(name).closest(".wide");
  if (table) table.hidden = (found ?? []).length === 0;
}

function button(label, work, tone = "") {
  const made = make("button", { type: "button", class: tone }, label);
  made.addEventListener("click", () => attempt(made, work));
  return made;
}

function showWaiting({ terms, emergencies, flagged: open, suspensions }) {
  const line = (found, words, target) => (found.length ? [make("li", {}, make("a", { href: `#${target}` }, `${count(found.length, words)} `))] : []);
  const waits = [
    ...line((suspensions ?? []).filter((one) => !one.acknowledged_at), "suspension to look at", "conduct-title"),
    ...line((open ?? []).filter((one) => one.is_overdue), "overdue flag", "flagged-title"),
    ...line((open ?? []).filter((one) => !one.outcome && !one.is_overdue), "flag to decide about", "flagged-title"),
    ...line((emergencies ?? []).filter((one) => one.may_decide), "emergency to answer", "glass-title"),
    ...line((emergencies ?? []).filter((one) => one.state === "granted"), "running emergency", "glass-title"),
    ...line((terms?.proposals ?? []).filter((one) => one.may_decide), "proposal to decide on", "terms-title"),
  ];
  byId("waits").replaceChildren(...waits);
  byId("waits-none").hidden = waits.length > 0;
}

function showTerms(terms) {
  byId("terms-part").hidden = terms === null;
  byId("propose").hidden = !terms?.may_propose;
  if (terms === null) return;
  const facts = Object.entries(SUBJECTS).flatMap(([subject, words]) => [make("dt", {}, words), make("dd", {}, terms.in_force[subject] ? sayValues(subject, terms.in_force[subject]) : "As the settings say: nothing was agreed on")]);
  byId("in-force").replaceChildren(...facts);
  byId("proposals").replaceChildren(...terms.proposals.map(proposal));
}

function proposal(one) {
  const decided = one.decided_by ? ` ${STATES[one.state]} by ${one.decided_by}${one.from_epoch ? `, in force from ${one.from_epoch}` : ""}: ${one.decision_reason}` : "";
  const path = `/oversight/proposals/${one.proposal_id}`;
  const buttons = [
    ...(one.may_decide ? [button("Approve …", () => decide(path, true), "main"), button("Refuse …", () => decide(path, false))] : []),
    ...(one.is_mine && one.state === "proposed" ? [button("Take it back", async () => (await ask("DELETE", path), await load("You took it back.")))] : []),
  ];
  return make(
    "li",
    { class: "card fields" },
    make("h3", {}, `${STATES[one.state]}: ${SUBJECTS[one.subject].toLowerCase()}`),
    make("p", {}, sayValues(one.subject, one.values)),
    make("p", { class: "said" }, one.reason),
    make("p", { class: "quiet" }, `By ${one.by}, ${sayMoment(one.at)}.${decided}`),
    make("div", { class: "choices" }, ...buttons),
  );
}

async function withReason({ title, label, act, words = "Your reason" }) {
  const reason = make("textarea", { id: "reason", rows: "3", maxlength: "2000", required: true });
  const choices = [{ value: "yes", label, tone: "main", isDefault: true }, CANCEL];
  return (await choose({ title, body: [make("label", { for: "reason" }, words, reason)], choices, act: () => act(reason.value.trim()), focus: reason })) !== null;
}

async function decide(path, approves) {
  const title = approves ? "Approve these terms" : "Refuse these terms";
  const done = await withReason({ title, label: approves ? "Approve" : "Refuse", act: (reason) => ask("POST", `${path}/decision`, { approves, reason }) });
  if (done) await load(approves ? "Approved: in the ledger, and in force from tomorrow (UTC)." : "Refused.");
}

function flagged(one) {
  const said = one.opinions.map(({ by, outcome }) => `${by}: ${outcome ? CLOSED[outcome].toLowerCase() : "has read it"}`).join(" · ");
  const due = one.outcome ? `Closed ${sayMoment(one.closed_at)}` : `${one.is_overdue ? "Overdue: was due" : "Due"} ${sayMoment(one.due_at)}`;
  return make(
    "li",
    { class: "card fields", "data-urgent": one.is_overdue },
    make("h3", {}, one.outcome ? CLOSED[one.outcome] : "To be decided by two"),
    make("p", { class: "quiet" }, `Flagged by ${one.flagged_by}, ${sayMoment(one.opened_at)}. ${due}. ${said}`),
    make("div", { class: "choices" }, ...(one.outcome ? [] : [button("Read it and say …", () => readFlagged(one))])),
  );
}

async function readFlagged(one) {
  const path = `/oversight/flagged/${one.escalation_id}`;
  const opening = [{ value: "read", label: "Read it", tone: "main", isDefault: true }, CANCEL];
  let words = null;
  const warning = [make("p", {}, "It was flagged as disturbing. Reading it is in the ledger, and its person is told. Leave it to somebody else if you would rather not.")];
  const act = async () => {
    words = await ask("POST", `${path}/words`);
  };
  if ((await choose({ title: "Read what was flagged", body: warning, choices: opening, act })) === null) return;
  const outcome = make("select", { id: "flag-outcome", required: true }, ...Object.entries(OUTCOMES).map(([value, label]) => make("option", { value }, label)));
  const body = [make("p", { class: "said" }, words.transcript), make("label", { for: "flag-outcome" }, "What you would do", outcome), make("p", { class: "quiet" }, "It is done once two people say the same. Nothing is sent anywhere.")];
  const choices = [{ value: "say", label: "Say it", tone: "main", isDefault: true }, CANCEL];
  const said = await choose({ title: "What was flagged", body, choices, act: () => ask("PUT", `${path}/opinion`, { outcome: outcome.value }), focus: outcome });
  await load(said === null ? "" : "What you would do is in the ledger.");
}

function suspension(one) {
  const seen = one.acknowledged_at ? `Seen to by ${one.acknowledged_by}, ${sayMoment(one.acknowledged_at)}: ${one.note}` : "";
  const back = one.restored_at ? ` Works again since ${sayMoment(one.restored_at)}.` : "";
  const acknowledge = () => withReason({ title: `The suspension of ${one.reviewer}`, label: "Seen to", words: "What you did about it", act: (note) => ask("POST", `/oversight/suspensions/${one.alert_id}/acknowledgement`, { note }) });
  return make(
    "li",
    { class: "card fields", "data-urgent": !one.acknowledged_at },
    make("h3", {}, one.reviewer),
    make("p", {}, `${one.reason[0].toUpperCase()}${one.reason.slice(1)}.`),
    make("p", { class: "quiet" }, `Suspended ${sayMoment(one.since)}.${back} ${seen}`),
    make("div", { class: "choices" }, ...(one.acknowledged_at ? [] : [button("See to it …", async () => (await acknowledge()) && (await load("Noted, in the ledger too.")))])),
  );
}

const cell = (...nodes) => make("td", {}, ...nodes.map((one) => (typeof one === "number" ? String(one) : one)));

function day(one) {
  const audit = one.audit === "" ? "As committed" : one.audit;
  const check = button("Recompute", async () => (await ask("POST", `/oversight/days/${one.epoch}/audit`), await load(`${one.epoch} was recomputed from the ledger.`)));
  check.append(make("span", { class: "hidden" }, ` the draw of ${one.epoch}`));
  const result = one.drawn === null ? ["–"] : [audit ?? check];
  return make("tr", {}, make("th", { scope: "row" }, one.epoch), cell(one.able ?? "–"), cell(one.drawn ?? "–"), cell(one.ended.vetoed ?? 0), cell((one.ended.withdrawn ?? 0) + (one.ended.gone ?? 0)), cell(...result));
}

function listens(one) {
  return make("tr", {}, make("th", { scope: "row" }, one.day), cell(`${one.by} (${one.role})`), cell(WHY[one.purpose] ?? one.purpose), cell(one.openings), cell(one.seconds ? saySeconds(one.seconds) : "–"), cell(one.refused));
}

function showValues() {
  const subject = byId("propose").elements.subject.value;
  byId("values").replaceChildren(
    ...VALUES[subject].map(({ name, label, isList, min = 0, max, usual }) =>
      make("label", {}, label, isList ? make("textarea", { name, rows: "2" }) : make("input", { name, type: "number", min: String(min), max: String(max), step: "any", value: String(usual), required: true })),
    ),
  );
}

async function propose() {
  const form = byId("propose");
  const subject = form.elements.subject.value;
  const value = ({ name, factor, isList }) => (isList ? form.elements[name].value.split("\n").map((one) => one.trim()).filter(Boolean) : Math.round(Number(form.elements[name].value) * factor));
  const values = Object.fromEntries(VALUES[subject].map((one) => [one.name, value(one)]));
  await ask("POST", "/oversight/proposals", { subject, values, reason: form.elements.reason.value.trim() });
  form.elements.reason.value = "";
  await load("Proposed. Somebody else decides.");
}

async function askToOpen() {
  const { about, person, recording, hours, reason } = byId("break").elements;
  const which = about.value === "person" ? { person: person.value.trim() } : { recording: recording.value.trim() };
  await ask("POST", "/oversight/emergencies", { ...which, hours: Number(hours.value), reason: reason.value.trim() });
  byId("break").reset();
  showAbout();
  await load("Asked. Two others decide.");
}

function showAbout() {
  const isPerson = byId("break").elements.about.value === "person";
  byId("break-person").hidden = !isPerson;
  byId("break-recording").hidden = isPerson;
}

byId("propose").elements.subject.append(...Object.entries(SUBJECTS).map(([value, label]) => make("option", { value }, label)));
byId("propose").elements.subject.addEventListener("change", showValues);
byId("break").elements.about.addEventListener("change", showAbout);
showValues();
onSubmit(byId("propose"), byId("propose-problem"), propose);
onSubmit(byId("break"), byId("break-problem"), askToOpen);
startWith(() => load());
setInterval(() => {
  if (!document.querySelector("dialog[open]")) load().catch(() => {}); // the next look shows it, or the next thing that is done says why not
}, LOOK_EVERY_MS);
