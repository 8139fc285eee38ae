// The fields of a contact: name, other names, what it is to whom, addresses, a note.

import { make } from "./elements.js";

export const CHANNELS = { phone: "Telephone", sip: "SIP", xmpp: "XMPP", matrix: "Matrix", email: "E-mail", other: "Other service" };
const MOST_ADDRESSES = 20;
let made = 0;

/** Fields filled with a contact; `me` is the person whose relation is asked for. `read()` gives the contact's JSON. */
export function contactFields(contact, { me, others = [] }) {
  const id = `contact-${(made += 1)}`;
  const name = make("input", { id: `${id}-name`, maxlength: "100", required: true, autocomplete: "off" });
  const aliases = make("input", { id: `${id}-aliases`, maxlength: "400", autocomplete: "off", placeholder: "Tommy, Auntie Tom" });
  const relation = make("input", { id: `${id}-relation`, maxlength: "100", autocomplete: "off", placeholder: "mum" });
  const note = make("textarea", { id: `${id}-note`, maxlength: "500", rows: "2" });
  const rows = make("ul", { class: "stack" });
  name.value = contact?.name ?? "";
  aliases.value = (contact?.aliases ?? []).join(", ");
  relation.value = contact?.relations.find((one) => one.person_id === me)?.word ?? "";
  note.value = contact?.note ?? "";
  const add = (address) => {
    if (rows.children.length < MOST_ADDRESSES) rows.append(addressRow(address));
  };
  (contact?.addresses.length ? contact.addresses : [{ channel: "phone", value: "", label: "" }]).forEach(add);
  const more = make("button", { type: "button" }, "Another address");
  more.addEventListener("click", () => {
    add({ channel: "phone", value: "", label: "" });
    rows.lastElementChild.querySelector("input").focus();
  });
  const nodes = [
    make("label", { for: name.id }, "Name"),
    name,
    make("label", { for: aliases.id }, "Other names, with commas between"),
    aliases,
    make("label", { for: relation.id }, "What they are to you"),
    relation,
    make("fieldset", {}, make("legend", {}, "Where they are reached"), rows, more),
    make("label", { for: note.id }, "Note"),
    note,
  ];
  const kept = (contact?.relations ?? []).filter((one) => one.person_id !== me).concat(others);
  const read = () => ({
    name: name.value.trim(),
    aliases: aliases.value.split(",").map((one) => one.trim()).filter(Boolean),
    relations: [...kept, ...(relation.value.trim() ? [{ person_id: me, word: relation.value.trim() }] : [])],
    addresses: [...rows.children].map((row) => row.read()).filter((one) => one.value),
    note: note.value.trim(),
  });
  return { nodes, read, name };
}

function addressRow(address) {
  const channel = make("select", { "aria-label": "By what" }, ...Object.entries(CHANNELS).map(([value, words]) => make("option", { value, selected: value === address.channel }, words)));
  const value = make("input", { class: "grow", maxlength: "300", autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-label": "Number or address" });
  const label = make("input", { maxlength: "100", autocomplete: "off", "aria-label": "Which (mobile, work)", placeholder: "mobile", size: "8" });
  value.value = address.value;
  label.value = address.label ?? "";
  const row = make("li", { class: "fields" }, channel, value, label);
  row.read = () => ({ channel: channel.value, value: value.value.trim(), label: label.value.trim(), is_preferred: address.is_preferred ?? false });
  return row;
}
