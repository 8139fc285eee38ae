// The page of what leaves this house: every link with its hosts and how it stands, and adding, changing, testing, removing.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { inform, onSubmit, startWith } from "./header.js";
import { linkFields } from "./link_form.js";
import { namedButton } from "./named_button.js";
import { sayMoment, sayRelative } from "./times.js";

const STATES = { off: "Off", connecting: "Connecting", works: "Works", wrong_secret: "Wrong password", unreachable: "Unreachable", unsupported: "Not to be trusted", failed: "Does not run" };
const LOOK_AGAIN_MS = 3000;
let kinds = [];
let form = null;

async function load() {
  const found = await ask("GET", "/links");
  kinds = found.kinds;
  showLinks(found);
  if (!byId("kind").options.length) {
    byId("kind").replaceChildren(...kinds.map((kind) => make("option", { value: kind.name }, kind.title)));
    showKind();
  }
  byId("status").textContent = "";
  byId("part").hidden = false;
}

function showLinks(found) {
  byId("links").replaceChildren(...found.links.map(card));
  byId("fixed").replaceChildren(...found.fixed.map((one) => make("li", { class: "card fields" }, make("h3", {}, one.title), make("p", {}, one.about), places(one.outgoing), make("p", { class: "quiet" }, `Changed in ${one.where}.`))));
  byId("fixed-part").hidden = found.fixed.length === 0;
  byId("none").hidden = found.links.length > 0;
  byId("none").textContent = found.fixed.length ? "You connected nothing yourself." : "Nothing leaves this house. It asks nobody and tells nobody anything.";
}

function places(outgoing) {
  if (!outgoing.length) return make("p", { class: "quiet" }, "Nothing goes anywhere.");
  return make(
    "ul",
    { class: "quiet" },
    ...outgoing.map((one) => make("li", {}, make("strong", {}, one.host), one.is_this_machine ? " (this machine)" : one.is_encrypted ? " (encrypted)" : " (not encrypted)", `: ${one.sends}`)),
  );
}

function card(link) {
  const { status } = link;
  const kind = kinds.find((one) => one.name === link.kind);
  const used = status.used_at ? `last used ${sayRelative(status.used_at)}` : "not used yet";
  const since = Object.values(link.secrets_set).sort().at(-1);
  const secret = since ? `Its secret is set since ${sayMoment(since)}.` : "It has no secret.";
  const button = (words, work, tone = "") => namedButton(link.name, words, work, { load, tone });
  return make(
    "li",
    { class: "card fields", "data-link": link.name },
    make("h3", {}, link.name),
    make("p", { "data-state": status.state }, make("strong", {}, STATES[status.state]), ` since ${sayMoment(status.since)}. ${status.sentence}`),
    make("p", { class: "quiet" }, `${link.title}, ${used}. ${secret}`),
    places(link.outgoing),
    make(
      "div",
      { class: "choices" },
      ...(link.is_on ? [button("Test", () => tested(link))] : []),
      ...(kind ? [button("Change …", () => changed(link, kind))] : []),
      button(link.is_on ? "Switch off" : "Switch on", () => switched(link)),
      button("Remove …", () => removed(link), "danger"),
    ),
  );
}

async function tested(link) {
  const found = await ask("POST", `/links/${link.link_id}/test`);
  return `${link.name}: ${found.status.sentence}`;
}

async function switched(link) {
  await ask("PATCH", `/links/${link.link_id}`, { is_on: !link.is_on });
  return link.is_on ? `${link.name} is off: nothing goes there any more.` : `${link.name} is on.`;
}

async function changed(link, kind) {
  const name = make("input", { id: "change-name", maxlength: "64", required: true, autocomplete: "off" });
  name.value = link.name;
  const fields = linkFields(kind, { options: link.options, secretsSet: link.secrets_set });
  const done = await choose({
    title: `Change ${link.name}`,
    body: [make("label", { for: "change-name" }, "What you call it"), name, ...fields.nodes],
    choices: [{ value: "save", label: "Save", tone: "main", isDefault: true }, CANCEL],
    focus: name,
    act: () => {
      const { options, secrets } = fields.read();
      return ask("PATCH", `/links/${link.link_id}`, { name: name.value.trim(), options, secrets });
    },
  });
  return done ? `${name.value.trim()} is changed and connects anew.` : "";
}

async function removed(link) {
  const done = await choose({
    title: `Remove ${link.name}?`,
    body: [make("p", {}, "It ends at once, nothing goes there any more, and the key of its password is destroyed. To have it back, connect it anew.")],
    choices: [{ value: "remove", label: "Remove", tone: "danger" }, CANCEL],
    act: () => ask("DELETE", `/links/${link.link_id}`),
  });
  return done ? `${link.name} is removed.` : "";
}

function showKind() {
  const kind = kinds.find((one) => one.name === byId("kind").value);
  byId("add").hidden = !kind;
  if (!kind) return;
  byId("kind-about").textContent = kind.about;
  form = linkFields(kind);
  byId("fields").replaceChildren(...form.nodes);
}
byId("kind").addEventListener("change", showKind);

onSubmit(byId("add"), byId("add-problem"), async () => {
  const made = await ask("POST", "/links", { kind: byId("kind").value, name: byId("name").value.trim(), ...form.read() });
  byId("name").value = "";
  showKind();
  await load();
  inform(`${made.name} is connected as soon as it answers; its card says how it stands.`);
});

/** How links stand changes by itself; not while somebody is about to press a button of a card. */
setInterval(async () => {
  if (document.hidden || byId("part").hidden || byId("links").contains(document.activeElement) || document.querySelector("dialog")) return;
  try {
    showLinks(await ask("GET", "/links"));
  } catch {
    // the next press of a button says it
  }
}, LOOK_AGAIN_MS);

startWith(load);
