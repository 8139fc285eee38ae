// Invitations on the page of people: the open ones, making one (its link is shown once), taking one back.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt } from "./header.js";
import { ABOUT, ROLES } from "./roles.js";
import { sayMoment } from "./times.js";

const LASTING = { 1: "an hour", 24: "a day", 48: "two days", 168: "a week" };

export class Invitations {
  /** `guardians()` gives who may be one, `nameOf` the name of an account; `onDone` is told what was done. */
  constructor({ guardians, nameOf, onDone }) {
    this.guardians = guardians;
    this.nameOf = nameOf;
    this.onDone = onDone;
    byId("invite").addEventListener("click", () => attempt(byId("invite"), () => this.#invite()));
  }

  async load() {
    const { invitations } = await ask("GET", "/invitations");
    byId("invitations").replaceChildren(...invitations.map((one) => this.#line(one)));
    byId("invitations-empty").hidden = invitations.length > 0;
  }

  #line(one) {
    const name = one.note || `an invitation as ${ROLES[one.role]}`;
    const revoke = make("button", { type: "button", "aria-label": `Take back (${name})` }, "Take back");
    revoke.addEventListener("click", () =>
      attempt(revoke, async () => {
        await ask("DELETE", `/invitations/${one.id}`);
        await this.load();
        this.onDone("That invitation is worth nothing any more.");
      }),
    );
    const facts = `${ROLES[one.role]}, until ${sayMoment(one.expires_at)}, by ${this.nameOf(one.made_by)}`;
    return make("li", { class: "with-button" }, make("span", { class: "grow" }, make("strong", { class: "block" }, one.note || "Somebody"), make("span", { class: "quiet" }, facts)), revoke);
  }

  async #invite() {
    const note = make("input", { id: "invite-note", maxlength: "64", autocomplete: "off", placeholder: "Grandma" });
    const role = make("select", { id: "invite-role" }, ...Object.entries(ROLES).map(([value, label]) => make("option", { value, selected: value === "adult" }, label)));
    const about = make("p", { class: "quiet" });
    const guardian = make("select", { id: "invite-guardian" }, ...this.guardians().map((one) => make("option", { value: one.id }, one.name)));
    const guardianLabel = make("label", { for: "invite-guardian" }, "Guardian", guardian);
    const hours = make("select", { id: "invite-hours" }, ...Object.entries(LASTING).map(([value, label]) => make("option", { value, selected: value === "48" }, label)));
    const show = () => {
      guardianLabel.hidden = role.value !== "child";
      about.textContent = ABOUT[role.value];
    };
    role.addEventListener("change", show);
    show();
    let made = null;
    await choose({
      title: "Invite somebody",
      body: [
        make("label", { for: "invite-note" }, "For whom (only those who run the home see it)", note),
        make("label", { for: "invite-role" }, "As what", role),
        about,
        guardianLabel,
        make("label", { for: "invite-hours" }, "It lasts", hours),
      ],
      choices: [{ value: "make", label: "Make the link", tone: "main", isDefault: true }, CANCEL],
      act: async () => {
        const given = { role: role.value, note: note.value.trim(), hours: Number(hours.value) };
        made = await ask("POST", "/invitations", { ...given, ...(role.value === "child" ? { guardian_id: guardian.value } : {}) });
      },
      focus: note,
    });
    if (!made) return;
    await this.load();
    await this.#show(made);
    this.onDone("The invitation is made. It is listed until it is used, taken back, or over.");
  }

  async #show({ link, code, qr, only_here: isOnlyHere }) {
    const copy = make("button", { type: "button" }, "Copy the link");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(link);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Select it above and copy it";
      }
    });
    const warning = "This link works on this machine alone, for you opened the page under the name localhost. To invite somebody elsewhere, open this page under the machine’s address in your network.";
    await choose({
      title: "The invitation",
      body: [
        make("p", {}, "Hand it over now: nobody can show it again. It works once."),
        make("img", { class: "qr", src: qr, alt: "QR code of the link" }),
        make("p", {}, make("code", { id: "invite-link" }, link)),
        make("p", { class: "quiet" }, "Or the code alone, typed at /invitation: ", make("code", { id: "invite-code" }, code)),
        ...(isOnlyHere ? [make("p", { class: "quiet" }, warning)] : []),
        make("div", { class: "choices" }, copy),
      ],
      choices: [{ value: "kept", label: "I handed it over" }],
    });
  }
}
