// The page of legal demands: what is held and could be reached, the cases, taking a demand in. One case is demand_case.js.

import { ask } from "./api.js";
import { showCase } from "./demand_case.js";
import { showKey } from "./demand_key.js";
import { AUTHORITIES, CATEGORIES, KINDS, OFFICES, STATES } from "./demand_words.js";
import { byId, make } from "./elements.js";
import { onSubmit, startWith } from "./header.js";
import { dayAt, sayMoment, saySeconds } from "./times.js";

const NOTE = "Whoever answers demands here does it on this page, as narrowly as is lawful and in the open.";

async function load() {
  const id = new URLSearchParams(location.search).get("case");
  if (id) {
    await showCase(id);
    byId("one").hidden = false;
  } else {
    showAll(await ask("GET", "/demands"));
    byId("part").hidden = false;
  }
  byId("status").textContent = "";
}

function showAll({ office, cases, holdings, key }) {
  byId("office").textContent = office ? `You answer them as ${OFFICES[office]}. ${NOTE}` : "Counsel and the privacy officer answer them here. You see what is held, in numbers.";
  byId("cases-part").hidden = office === null;
  byId("intake").hidden = office === null;
  byId("key-part").hidden = office === null || office === "owner"; // a home hands nothing out, so it needs none
  showKey(key);
  byId("cases").replaceChildren(...cases.map(card));
  byId("cases-empty").hidden = cases.length > 0;
  showHoldings(holdings);
}

function card(one) {
  const due = one.due_at ? ` · next step due ${sayMoment(one.due_at)}` : "";
  const covert = one.is_covert ? " · under a gag" : "";
  return make(
    "li",
    { class: "card fields", "data-state": one.state },
    make("h3", {}, make("a", { href: `/demands?case=${one.demand_id}` }, `${KINDS[one.kind]} of ${one.authority.name}`)),
    make("p", { class: "quiet" }, `Came in ${sayMoment(one.received_at)} · ${STATES[one.state]}${covert}${due}`),
  );
}

function showHoldings({ held, by_kind: byKind }) {
  byId("printed").textContent = `As it was on ${sayMoment(new Date().toISOString())}.`;
  const kept = (held.counts.words ?? 0) + (held.counts.sound ?? 0);
  const sound = held.seconds ? `, with ${saySeconds(held.seconds)} of sound` : "";
  byId("held-text").textContent = kept ? `Requests that people let be kept${sound}.` : "Nothing that anybody said is kept here, so no demand can reach it.";
  const kinds = Object.keys(KINDS).filter((kind) => kind in byKind);
  byId("held-head").replaceChildren(...["What", "Held", ...kinds.map((kind) => KINDS[kind])].map((words) => make("th", { scope: "col" }, words)));
  byId("held").replaceChildren(
    ...Object.keys(CATEGORIES).map((one) =>
      make("tr", {}, make("th", { scope: "row" }, CATEGORIES[one]), ...[held, ...kinds.map((kind) => byKind[kind])].map(({ counts }) => make("td", {}, String(counts[one] ?? 0)))),
    ),
  );
}

function fillIntake() {
  const form = byId("intake");
  const options = (words) => Object.entries(words).map(([value, label]) => make("option", { value }, label));
  form.elements.kind.append(...options(KINDS));
  form.elements.authority_kind.append(...options(AUTHORITIES));
  byId("categories").append(...Object.entries(CATEGORIES).map(([value, label]) => make("label", { class: "option" }, make("input", { type: "checkbox", name: "category", value }), label)));
  form.elements.gag.addEventListener("change", () => {
    byId("gag-until").hidden = form.elements.gag.value !== "dated";
  });
}

function base64Of(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error("That file cannot be read.")));
    reader.readAsDataURL(file);
  });
}

async function takeIn() {
  const form = byId("intake");
  const value = (name) => form.elements[name].value.trim();
  const gags = { none: null, dated: { until: dayAt(value("gag_until"), 1) }, endless: { until: null } };
  const made = await ask("POST", "/demands", {
    kind: value("kind"),
    authority: { name: value("authority"), kind: value("authority_kind"), jurisdiction: value("jurisdiction") },
    names: value("names").split("\n").map((name) => name.trim()).filter(Boolean),
    since: dayAt(value("since")),
    until: dayAt(value("until"), 1),
    categories: [...form.querySelectorAll("[name=category]:checked")].map((box) => box.value),
    is_all_data: form.elements.all_data.checked,
    has_unnamed_others: form.elements.unnamed.checked,
    gag: gags[value("gag")],
    issued_at: dayAt(value("issued_at")),
    expires_at: dayAt(value("expires_at"), 1),
    document: await base64Of(form.elements.namedItem("document").files[0]),
    reason: value("reason"),
  });
  location.assign(`/demands?case=${made.demand_id}`);
}

fillIntake();
onSubmit(byId("intake"), byId("intake-problem"), takeIn);
byId("print").addEventListener("click", () => print());
startWith(load);
