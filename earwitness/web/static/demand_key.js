// The key that approves disclosures: who holds its three parts, and making it anew. Its parts are shown once, and kept nowhere.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt, inform } from "./header.js";

/** Show the key in force; null before there is one. */
export function showKey(key) {
  byId("key-text").textContent = key ? "Two of its three parts approve an answer. They are kept nowhere here." : "There is none yet, so nothing can be handed out.";
  byId("key-verifier").textContent = key?.verifier ?? "";
  byId("key-holders").replaceChildren(...(key?.holders ?? []).map((name, at) => make("li", {}, `Part ${at + 1}: ${name}`)));
  byId("key-unknown").hidden = !key || key.holders.length > 0;
}

function holderField(number) {
  const input = make("input", { id: `key-holder-${number}`, required: true, maxlength: "100", autocomplete: "off" });
  return [input, make("label", { for: input.id }, `Who is to hold part ${number}`, input)];
}

async function makeKey() {
  const fields = [1, 2, 3].map(holderField);
  const body = [make("p", {}, "It takes the place of any before: what the old parts would approve, they approve no more. The ledger notes its public side; the names are sealed."), ...fields.map(([, label]) => label)];
  const choices = [{ value: "make", label: "Make it", tone: "main", isDefault: true }, CANCEL];
  let made = null;
  await choose({
    title: "Make the key that approves disclosures",
    body,
    choices,
    focus: fields[0][0],
    act: async () => {
      made = await ask("POST", "/demands/key", { holders: fields.map(([input]) => input.value.trim()) });
    },
  });
  if (made === null) return;
  showKey(made.key);
  await handOut(made);
  inform("The key is made. Its parts are shown nowhere any more.");
}

/** The three parts, one after the other, so that each holder sees just theirs. */
async function handOut({ key, shares }) {
  for (const [at, share] of shares.entries()) {
    const name = key.holders[at];
    const body = [make("p", {}, `For ${name} alone: let them write it down or save it now, where nobody else finds it. It is shown this once.`), make("p", {}, make("code", { class: "digest", id: "key-share" }, share))];
    const label = at + 1 < shares.length ? `${name} has it: the next part` : `${name} has it: that was the last`;
    const title = `Part ${at + 1} of ${shares.length}`;
    while ((await choose({ title, body, choices: [{ value: "next", label, tone: "main" }] })) === null); // Escape loses no part
  }
}

byId("key-make").addEventListener("click", () => attempt(byId("key-make"), makeKey));
