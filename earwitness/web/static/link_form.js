// The fields of a kind of link, from what the kind says of itself; secrets are written and never read.

import { make } from "./elements.js";

let made = 0;

/** Fields for a kind, filled with `options`; `secretsSet` are those that are set already. `read()` gives {options, secrets}. */
export function linkFields(kind, { options = {}, secretsSet = null } = {}) {
  const readers = [];
  const nodes = [];
  for (const field of kind.options) {
    const { node, read } = optionField(field, options[field.name] ?? field.default);
    readers.push(({ options: into }) => read((value) => (into[field.name] = value)));
    nodes.push(...node);
  }
  for (const field of kind.secrets) {
    const isSet = secretsSet !== null && field.name in secretsSet;
    const { label, about, id } = frame(field.title, [field.about, isSet ? "It is set. Leave this empty to keep it." : ""].filter(Boolean).join(" "));
    const input = make("input", { id, type: "password", maxlength: "4096", autocomplete: "new-password", required: field.is_needed && !isSet, "aria-describedby": about ? about.id : null });
    readers.push(({ secrets }) => {
      if (input.value) secrets[field.name] = input.value;
    });
    nodes.push(label, input, ...(about ? [about] : []));
  }
  const read = () => {
    const into = { options: {}, secrets: {} };
    for (const one of readers) one(into);
    return into;
  };
  return { nodes, read };
}

function frame(title, text) {
  const id = `field-${(made += 1)}`;
  const about = text ? make("p", { class: "quiet", id: `${id}-about` }, text) : null;
  return { id, about, label: make("label", { for: id }, title) };
}

function optionField(field, value) {
  const { id, about, label } = frame(field.title, field.about);
  const described = about ? about.id : null;
  const after = about ? [about] : [];
  if (field.kind === "switch") {
    const box = make("input", { id, type: "checkbox", checked: Boolean(value), "aria-describedby": described });
    return { node: [make("label", { class: "option", for: id }, box, field.title), ...after], read: (keep) => keep(box.checked) };
  }
  if (field.kind === "choice") {
    const select = make("select", { id, "aria-describedby": described }, ...field.choices.map((one) => make("option", { value: one, selected: one === value }, one)));
    return { node: [label, select, ...after], read: (keep) => keep(select.value) };
  }
  if (field.kind === "lines") {
    const area = make("textarea", { id, rows: "2", maxlength: "4000", "aria-describedby": described });
    area.value = (value ?? []).join("\n");
    const read = (keep) => keep(area.value.split("\n").map((line) => line.trim()).filter(Boolean));
    return { node: [label, area, ...after], read };
  }
  const isNumber = field.kind === "number";
  const input = make("input", { id, type: isNumber ? "number" : "text", step: isNumber ? "any" : null, maxlength: isNumber ? null : "2000", required: field.is_needed, autocomplete: "off", autocapitalize: "none", spellcheck: "false", "aria-describedby": described });
  input.value = value ?? "";
  const read = (keep) => {
    if (input.value !== "") keep(isNumber ? Number(input.value) : input.value);
    else if (!isNumber && field.default !== null) keep("");
  };
  return { node: [label, input, ...after], read };
}
