// The page of one's own account: passphrase, passkeys, codes, tokens, places where one is signed in, and the log.

import { AccountLog } from "./account_log.js";
import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { account, attempt, complain, inform, start } from "./header.js";
import { sayName } from "./passkey_name.js";
import { canUsePasskeys, makePasskey } from "./passkeys.js";
import { advise } from "./passphrase_advice.js";
import { ROLES } from "./roles.js";
import { showOnce, turnOnCodes } from "./second_factor.js";
import { watchShowButtons } from "./show_secret.js";
import { sayMoment, sayRelative } from "./times.js";
import { Tokens } from "./tokens.js";

let security = null;
const log = new AccountLog();
const tokens = new Tokens();

async function load() {
  const [found, places] = await Promise.all([ask("GET", "/me/security"), ask("GET", "/me/sign-ins"), log.load()]);
  security = found;
  showPasskeys();
  showCodes();
  byId("places").replaceChildren(...places.sign_ins.map(place));
  byId("everywhere").hidden = places.sign_ins.length < 2;
  byId("tokens-part").hidden = !security.tokens_allowed;
  if (security.tokens_allowed) await tokens.load();
}

async function reload() {
  try {
    await load();
  } catch (error) {
    if (error.code !== "access.not_signed_in") complain(error.message);
  }
}

/** Do something, say that it is done, and show how things stand then. */
const change = (button, work, sentence) =>
  attempt(button, async () => {
    const said = await work();
    if (said === false) return;
    inform(sentence);
    await load();
  });

function line(words, quiet, ...buttons) {
  return make("li", { class: "with-button" }, make("span", { class: "grow" }, make("strong", { class: "block" }, words), make("span", { class: "quiet" }, quiet)), ...buttons);
}

function showPasskeys() {
  byId("passkeys").replaceChildren(
    ...security.passkeys.map((one) => {
      const remove = make("button", { type: "button", "aria-label": `Remove ${one.name}` }, "Remove");
      remove.addEventListener("click", () => change(remove, () => ask("DELETE", `/me/passkeys/${one.id}`), `The passkey ${one.name} is removed.`));
      const used = one.used_at ? `used ${sayRelative(one.used_at)}` : "not used yet";
      return line(one.name, `Added on ${sayMoment(one.created_at)}, ${used}`, remove);
    }),
  );
  byId("passkeys-empty").hidden = security.passkeys.length > 0;
  byId("add-passkey").hidden = !(canUsePasskeys() && security.passkeys_possible);
  sayName(byId("needs-name"));
  byId("passkeys-none").hidden = !byId("add-passkey").hidden || !byId("needs-name").hidden;
}

function showCodes() {
  byId("code-on").hidden = security.code_on;
  byId("code-off").hidden = byId("recovery").hidden = !security.code_on;
  byId("code-state").textContent = security.code_on ? `On. ${security.recovery_left} recovery codes are left.` : "Off.";
}

function place(one) {
  const out = make("button", { type: "button" }, "Sign out");
  out.setAttribute("aria-label", `Sign out ${one.program || "this sign-in"}`);
  out.addEventListener("click", () => change(out, () => ask("DELETE", `/me/sign-ins/${one.id}`), "Signed out there."));
  const where = [one.address, `since ${sayMoment(one.since)}`, one.here ? "" : `last seen ${sayRelative(one.seen)}`].filter(Boolean).join(", ");
  return line(`${one.program || "Unknown program"}${one.here ? " (here)" : ""}`, where, ...(one.here ? [] : [out]));
}

byId("change").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("new-passphrase");
  change(
    byId("change").querySelector("[type=submit]"),
    async () => {
      await ask("PUT", "/me/passphrase", { passphrase: field.value });
      field.value = byId("change-advice").textContent = "";
    },
    "Your passphrase is changed. Everywhere else you are signed out.",
  );
});
advise(byId("new-passphrase"), byId("change-advice"), { path: "/me/passphrase/check", body: () => ({ passphrase: byId("new-passphrase").value }) });

byId("add-passkey").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("passkey-name").value.trim();
  change(
    byId("add-passkey").querySelector("button"),
    async () => {
      const { ceremony, options } = await ask("POST", "/me/passkeys");
      await ask("PUT", "/me/passkeys", { ceremony, credential: await makePasskey(options), name });
      byId("add-passkey").reset();
    },
    `The passkey ${name} is added.`,
  );
});

byId("code-on").addEventListener("click", () => change(byId("code-on"), turnOnCodes, "From now on your passphrase needs a code too."));
byId("code-off").addEventListener("click", () => change(byId("code-off"), () => ask("DELETE", "/me/code"), "Codes are off; your passphrase alone signs you in."));
byId("recovery").addEventListener("click", () =>
  change(
    byId("recovery"),
    async () => {
      const sure = await choose({
        title: "New recovery codes?",
        body: [make("p", {}, "The ones that you have are worth nothing from then on.")],
        choices: [{ value: "new", label: "Make new ones", tone: "main" }, CANCEL],
      });
      if (!sure) return false;
      await showOnce((await ask("POST", "/me/recovery-codes")).recovery_codes);
      return true;
    },
    "You have new recovery codes.",
  ),
);
byId("everywhere").addEventListener("click", () => change(byId("everywhere"), () => ask("DELETE", "/me/sign-ins"), "You are signed out everywhere but here."));
tokens.onChanged = inform;

account.addEventListener("change", () => {
  const { person } = account.me;
  byId("who").textContent = `${person.name}, ${ROLES[person.role]}.`;
  if (byId("signed-in").hidden) reload();
  byId("signed-in").hidden = false;
});
watchShowButtons();
if (new URLSearchParams(location.search).has("refused")) complain("That page is not for your account.");
start();
