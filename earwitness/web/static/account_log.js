// The log of one's own account, newest first.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt } from "./header.js";
import { sayMoment } from "./times.js";

const WORDS = {
  created: "Account made",
  signed_in: "Signed in",
  sign_in_failed: "A sign-in failed",
  sign_in_delayed: "A sign-in was refused: too many attempts",
  confirmed: "You showed again that it is you",
  signed_out: "Signed out",
  signed_out_one: "Signed out elsewhere",
  signed_out_everywhere: "Signed out everywhere",
  passphrase_changed: "Passphrase changed",
  passkey_added: "Passkey added",
  passkey_removed: "Passkey removed",
  passkey_copied: "A passkey was refused: it may have been copied",
  code_turned_on: "Codes turned on",
  code_turned_off: "Codes turned off",
  recovery_renewed: "New recovery codes",
  recovery_used: "A recovery code was used",
  role_changed: "Role changed",
  guardian_changed: "Guardian changed",
  suspended: "Suspended",
  restored: "Let in again",
  token_made: "Token made",
  token_revoked: "Token revoked",
  invitation_made: "You invited somebody",
  invitation_revoked: "You took an invitation back",
  invitation_used: "Your invitation was used",
  phone_added: "You let a phone in from elsewhere",
  phone_revoked: "You cut a phone off",
  household_changed: "You changed the household",
  link_added: "You connected something outside",
  link_changed: "You changed a link to something outside",
  link_removed: "You removed a link to something outside",
  contacts_taken: "Contacts were taken along as a file",
  confirmations_changed: "You changed what is confirmed before it is done",
  skill_enabled: "You enabled a skill of others",
  skill_disabled: "You disabled a skill of others",
  reset: "Passphrase reset at the machine",
};
const ALARMING = ["sign_in_failed", "sign_in_delayed", "passkey_copied", "recovery_used", "reset"];

export class AccountLog {
  #before = null;

  constructor() {
    byId("log-more").addEventListener("click", () => attempt(byId("log-more"), () => this.#page()));
  }

  async load() {
    this.#before = null;
    byId("log").replaceChildren();
    await this.#page();
  }

  async #page() {
    const query = new URLSearchParams({ limit: "20", ...(this.#before === null ? {} : { before: String(this.#before) }) });
    const { entries, next_before: before } = await ask("GET", `/me/log?${query}`);
    byId("log").append(...entries.map(entry));
    this.#before = before;
    byId("log-more").hidden = before === null;
  }
}

function entry({ at, what, detail, address, program }) {
  const where = [program, address].filter(Boolean).join(", ");
  return make(
    "li",
    { "data-what": what },
    make("strong", { class: ALARMING.includes(what) ? "block wrong" : "block" }, `${WORDS[what] ?? what}${detail ? `: ${detail}` : ""}`),
    make("span", { class: "quiet" }, `${sayMoment(at)}${where ? `, ${where}` : ""}`),
  );
}
