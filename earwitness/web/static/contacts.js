// The page of contacts: one's own, the household's and one's children's; written down, changed, removed, brought and taken along.

import { ask, askBlob, hand } from "./api.js";
import { CHANNELS, contactFields } from "./contact_form.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { account, attempt, inform, onSubmit, startWith } from "./header.js";
import { namedButton } from "./named_button.js";

let found = null;
let form = null;
const ownerKey = (personId) => personId ?? "household";
const ownerName = (personId) => found.owners.find((one) => one.person_id === personId)?.name ?? "";
const me = () => account.me.person.id;

async function load() {
  found = await ask("GET", "/contacts");
  byId("contacts").replaceChildren(...found.contacts.map(card));
  byId("none").hidden = found.contacts.length > 0;
  const lost = found.owners.reduce((sum, one) => sum + one.unreadable, 0);
  byId("unreadable").hidden = lost === 0;
  byId("unreadable").textContent = `${lost} cannot be opened any more, as their key is gone.`;
  byId("changing").hidden = !found.may_change;
  if (found.may_change && !form) {
    for (const id of ["owner", "whose"]) byId(id).replaceChildren(...found.owners.map((one) => make("option", { value: ownerKey(one.person_id) }, one.person_id === me() ? "Your own" : one.name)));
    showForm();
  }
  narrow();
  byId("status").textContent = "";
  byId("part").hidden = false;
}

function showForm() {
  form = contactFields(null, { me: me() });
  byId("fields").replaceChildren(...form.nodes);
}

function card(one) {
  const mine = one.relations.find((each) => each.person_id === me());
  const facts = [one.owner_id === me() ? "Yours" : ownerName(one.owner_id), ...(mine ? [`your ${mine.word}`] : []), ...(one.aliases.length ? [`also ${one.aliases.join(", ")}`] : [])];
  const button = (words, work, tone = "") => namedButton(one.name, words, work, { load, tone });
  return make(
    "li",
    { class: "card fields", "data-contact": one.name },
    make("h3", {}, one.name),
    make("p", { class: "quiet" }, facts.join(", ")),
    make("ul", {}, ...one.addresses.map((each) => make("li", {}, `${CHANNELS[each.channel]}${each.label ? ` (${each.label})` : ""}: ${each.value}`))),
    ...(one.note ? [make("p", {}, one.note)] : []),
    ...(found.may_change ? [make("div", { class: "choices" }, button("Change …", () => changed(one)), button("Remove …", () => removed(one), "danger"))] : []),
  );
}

async function changed(one) {
  const fields = contactFields(one, { me: me() });
  const done = await choose({
    title: `Change ${one.name}`,
    body: fields.nodes,
    choices: [{ value: "save", label: "Save", tone: "main", isDefault: true }, CANCEL],
    focus: fields.name,
    act: () => ask("PUT", `/contacts/${one.contact_id}`, { ...fields.read(), revision: one.revision }),
  });
  return done ? `${fields.read().name} is changed.` : "";
}

async function removed(one) {
  const done = await choose({
    title: `Remove ${one.name}?`,
    body: [make("p", {}, "Name, numbers and note are forgotten here. What is on phones and other machines stays there.")],
    choices: [{ value: "remove", label: "Remove", tone: "danger" }, CANCEL],
    act: () => ask("DELETE", `/contacts/${one.contact_id}`),
  });
  return done ? `${one.name} is removed.` : "";
}

onSubmit(byId("add"), byId("add-problem"), async () => {
  const owner = byId("owner").value;
  const made = await ask("POST", "/contacts", { ...form.read(), owner_id: owner === "household" ? null : owner });
  showForm();
  await load();
  inform(`${made.name} is written down.`);
});

byId("bring").addEventListener("click", () =>
  attempt(byId("bring"), async () => {
    const [file] = byId("file").files;
    if (!file) throw new Error("Choose a file first.");
    const answer = await ask("POST", `/contacts/file?whose=${byId("whose").value}`, file);
    byId("file").value = "";
    await load();
    inform(`${answer.added} added, ${answer.known} were there already, ${answer.left_out} had no name that can be kept.`);
  }),
);
byId("take").addEventListener("click", () =>
  attempt(byId("take"), async () => {
    const { blob } = await askBlob(`/contacts/file?whose=${byId("whose").value}`);
    hand(blob, "contacts.vcf");
  }),
);

/** Show only those whose card has the words. */
function narrow() {
  const wanted = byId("find").value.trim().toLowerCase();
  const cards = [...byId("contacts").children];
  for (const one of cards) one.hidden = !one.textContent.toLowerCase().includes(wanted);
  byId("found").textContent = wanted ? `${cards.filter((one) => !one.hidden).length} of ${cards.length}.` : "";
}
byId("find").addEventListener("input", narrow);

startWith(load);
