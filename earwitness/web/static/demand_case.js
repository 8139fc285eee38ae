// One legal demand: its facts, what the rules propose, what may be done now, its letters and its timeline.

import { ask, save } from "./api.js";
import { AUTHORITIES, CATEGORIES, KINDS, LETTERS, OFFICES, OUTCOMES, STATES, STEPS, TAKES } from "./demand_words.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt, inform } from "./header.js";
import { dayAt, dayOf, sayMoment, saySeconds } from "./times.js";

let shown = null;

/** Show the case of that id. */
export async function showCase(id) {
  show(await ask("GET", `/demands/${id}`));
}

function show(found) {
  shown = found;
  byId("office").textContent = "";
  byId("case-title").textContent = `${KINDS[found.kind]} of ${found.authority.name}`;
  byId("case-facts").replaceChildren(...facts(found));
  showScopes(found);
  byId("possible").replaceChildren(...found.possible.filter((kind) => kind in TAKES).map(stepButton));
  byId("possible-none").hidden = byId("possible").childElementCount > 0;
  byId("letters").replaceChildren(...found.letters.flatMap(letterButtons));
  byId("letters-none").hidden = byId("letters").childElementCount > 0;
  byId("answer").hidden = !found.steps.some((step) => step.kind === "disclosed");
  byId("timeline").replaceChildren(...found.steps.map(line));
}

const rows = (pairs) => pairs.filter(([, text]) => text).flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]);

function facts(found) {
  const gag = found.gag === null ? "" : found.gag.until ? `not to tell until ${sayMoment(found.gag.until)}` : "not to tell, without an end: it is not honoured";
  return rows([
    ["Stands", `${STATES[found.state]}${found.round > 1 ? `, round ${found.round}` : ""}`],
    ["Demanded by", `${found.authority.name}, ${AUTHORITIES[found.authority.kind]}, ${found.authority.jurisdiction}`],
    ["Came in", sayMoment(found.received_at)],
    ["Dated", found.issued_at && sayMoment(found.issued_at)],
    ["Valid until", found.expires_at && sayMoment(found.expires_at)],
    ["Gag", gag],
    ["The person is told", found.told_from && `when the gag ends, ${sayMoment(found.told_from)}, by itself`],
    ["May object until", found.object_until && sayMoment(found.object_until)],
    ["Preserved until", found.held_until && sayMoment(found.held_until)],
    ["Review due", found.review_due_at && sayMoment(found.review_due_at)],
    ["Approved by", found.approved_by.map((one) => OFFICES[one]).join(" and ")],
    ["Next step due", found.due_at && sayMoment(found.due_at)],
    ["SHA-256", make("code", { class: "digest" }, found.document_sha256)],
  ]);
}

function people(scope) {
  const unknown = scope.unknown_people ? [`${scope.unknown_people} who are not known here`] : [];
  return [...scope.people, ...unknown].join(", ") || "nobody by name";
}

function showScopes({ asked, scope, assessment }) {
  byId("findings").replaceChildren(...assessment.findings.map((text) => make("li", {}, text)));
  byId("findings-none").hidden = assessment.findings.length > 0;
  byId("scopes").replaceChildren(
    ...rows([
      ["Asked for", `${asked.words}. About: ${people(asked)}.`],
      ["Now", scope.words === asked.words ? "the same" : `${scope.words}. About: ${people(scope)}.`],
      ["Proposed", assessment.proposal ? `${assessment.proposal.words}. About: ${people(assessment.proposal)}.` : "nothing lawful remains of it"],
    ]),
  );
  const { asked: all, proposed } = assessment;
  const wanted = Object.keys(CATEGORIES).filter((one) => all.counts[one] || proposed.counts[one]);
  const cells = (name, ...texts) => make("tr", {}, make("th", { scope: "row" }, name), ...texts.map((text) => make("td", {}, text)));
  byId("counts").replaceChildren(
    ...wanted.map((one) => cells(CATEGORIES[one], String(all.counts[one] ?? 0), String(proposed.counts[one] ?? 0))),
    ...(all.seconds ? [cells("length of sound", saySeconds(all.seconds), saySeconds(proposed.seconds))] : []),
    ...(wanted.length ? [] : [cells("nothing", "0", "0")]),
  );
}

function line(step) {
  const by = step.office === "house" ? "by itself" : `${OFFICES[step.office]}, ${step.by}`;
  const entry = step.position === null ? "" : ` · entry ${step.position} of the ledger`;
  return make(
    "li",
    {},
    make("h3", {}, STEPS[step.kind] + (step.outcome ? `: ${OUTCOMES[step.outcome]}` : "")),
    make("p", { class: "quiet" }, `${sayMoment(step.at)} · ${by}${entry}`),
    ...(step.reason ? [make("p", {}, `“${step.reason}”`)] : []),
    ...(step.due_at ? [make("p", { class: "quiet" }, `Next step due ${sayMoment(step.due_at)}`)] : []),
  );
}

function letterButtons(kind) {
  const path = `/demands/${shown.demand_id}/letters/${kind}`;
  const whom = kind === "notice" ? Object.entries(shown.addressees) : [["", ""]];
  return whom.map(([id, name]) => {
    const button = make("button", { type: "button" }, `${LETTERS[kind]}${name ? ` to ${name}` : ""}`);
    button.addEventListener("click", () => attempt(button, () => save(id ? `${path}?person=${id}` : path, `${kind}.docx`)));
    return button;
  });
}

function stepButton(kind) {
  const [words] = TAKES[kind];
  const button = make("button", { type: "button", class: kind === "disclosed" || kind === "refused" ? "danger" : "" }, `${words} …`);
  button.addEventListener("click", () => attempt(button, () => takeStep(kind)));
  return button;
}

/** What a step asks for besides the reason: its fields, and what is sent of them. */
function extras(kind) {
  const field = (id, label, more = {}) => {
    const input = make("input", { id, autocomplete: "off", spellcheck: "false", ...more });
    return [input, make("label", { for: id }, label, input)];
  };
  if (kind === "validated") {
    const [digest, label] = field("step-digest", "SHA-256 of the paper that you hold", { required: true, pattern: "[0-9a-f]{64}", maxlength: "64" });
    const paper = make("input", { id: "step-paper", type: "file" });
    paper.addEventListener("change", async () => {
      if (!crypto.subtle || !paper.files.length) return;
      const sum = await crypto.subtle.digest("SHA-256", await paper.files[0].arrayBuffer());
      digest.value = [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    });
    const computing = crypto.subtle ? [make("label", { for: "step-paper" }, "Or choose its file; it stays here", paper)] : [];
    return { nodes: [label, ...computing], sent: () => ({ document_sha256: digest.value }) };
  }
  if (kind === "narrowed") return narrowing(field);
  if (kind === "preserved") {
    const [until, label] = field("step-until", "Up to and with this day; empty for as long as the rules allow", { type: "date" });
    return { nodes: [label], sent: () => ({ until: dayAt(until.value, 1) }) };
  }
  if (kind === "disclosed") {
    const [recipient, whom] = field("step-recipient", "Their public key (age1…), if there is something to hand out", { pattern: "age1[0-9a-z]+" });
    const [first, one] = field("step-share-1", "One part of the key that approves answers, by its holder", { type: "password" });
    const [second, other] = field("step-share-2", "Another part, by its holder", { type: "password" });
    return { nodes: [whom, one, other], sent: () => ({ recipient: recipient.value.trim(), shares: [first, second].map((input) => input.value.trim()).filter(Boolean) }) };
  }
  return { nodes: [], sent: () => ({}) };
}

/** What remains, as the rules propose it until somebody narrows it further. */
function narrowing(field) {
  const { proposal } = shown.assessment;
  const from = proposal ?? shown.scope;
  const days = { since: dayOf(from.since), until: dayOf(from.until, { isEnd: true }) };
  const [since, first] = field("step-since", "From", { type: "date", value: days.since, min: days.since, max: days.until });
  const [until, last] = field("step-until", "Up to and with", { type: "date", value: days.until, min: days.since, max: days.until });
  const boxes = from.categories.map((one) => make("input", { type: "checkbox", value: one, checked: true }));
  const options = boxes.map((box) => make("label", { class: "option" }, box, CATEGORIES[box.value]));
  const what = make("fieldset", {}, make("legend", {}, "What"), make("div", { class: "options" }, ...options));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const isAsProposed = () => since.value === days.since && until.value === days.until && chosen().length === boxes.length;
  const scope = () => ({
    since: since.value === days.since ? null : dayAt(since.value),
    until: until.value === days.until ? null : dayAt(until.value, 1),
    categories: chosen(),
  });
  return { nodes: [make("div", { class: "pair" }, first, last), what], sent: () => ({ scope: proposal && isAsProposed() ? null : scope() }) };
}

async function takeStep(kind) {
  const [words, about] = TAKES[kind];
  const reason = make("textarea", { id: "step-reason", rows: "3", maxlength: "2000", required: true });
  const { nodes, sent } = extras(kind);
  let taken = null;
  const choices = [{ value: kind, label: words, tone: "main", isDefault: true }, CANCEL];
  const body = [make("p", {}, about), ...nodes, make("label", { for: "step-reason" }, "Your reason", reason)];
  await choose({
    title: words,
    body,
    choices,
    focus: nodes.length ? nodes[0].querySelector("input") : reason,
    act: async () => {
      taken = await ask("POST", `/demands/${shown.demand_id}/steps`, { kind, reason: reason.value.trim(), ...sent() });
    },
  });
  if (taken === null) return;
  show(taken.case);
  byId("case-title").focus();
  const made = taken.package;
  const file = made?.file ? ` The encrypted file is on the server: ${made.file}, SHA-256 ${made.sha256}.` : "";
  inform(made ? `Answered: ${OUTCOMES[made.outcome]}.${file} Save the answer with its proof for whoever demanded it.` : "It is done, and in the ledger.");
}

byId("answer").addEventListener("click", () => attempt(byId("answer"), () => save(`/demands/${shown.demand_id}/answer`, `answer-${shown.demand_id.slice(0, 12)}.json`)));
byId("paper").addEventListener("click", () => attempt(byId("paper"), () => save(`/demands/${shown.demand_id}/document`, "demand")));
