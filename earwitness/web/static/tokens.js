// Tokens for automation: the list, making one (shown once), revoking.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt } from "./header.js";
import { SCOPES } from "./roles.js";
import { sayMoment, sayRelative } from "./times.js";

export class Tokens {
  onChanged = () => {};
  #scopes = [];

  constructor() {
    byId("make-token").addEventListener("click", () => attempt(byId("make-token"), () => this.#make()));
  }

  async load() {
    const { tokens, scopes } = await ask("GET", "/me/tokens");
    this.#scopes = scopes;
    byId("tokens").replaceChildren(...tokens.map((one) => this.#line(one)));
    byId("tokens-empty").hidden = tokens.length > 0;
  }

  #line(one) {
    const revoke = make("button", { type: "button", "aria-label": `Revoke ${one.name}` }, "Revoke");
    revoke.addEventListener("click", () =>
      attempt(revoke, async () => {
        await ask("DELETE", `/me/tokens/${one.id}`);
        await this.load();
        this.onChanged(`The token ${one.name} is worth nothing any more.`);
      }),
    );
    const used = one.used_at ? `used ${sayRelative(one.used_at)}` : "not used yet";
    return make("li", { class: "with-button" }, make("span", { class: "grow" }, make("strong", { class: "block" }, one.name), make("span", { class: "quiet" }, `${one.scopes.join(", ")}; until ${sayMoment(one.expires_at)}, ${used}`)), revoke);
  }

  async #make() {
    const name = make("input", { id: "token-name", maxlength: "64", required: true, autocomplete: "off", placeholder: "Kitchen display" });
    const days = make("input", { id: "token-days", type: "number", min: "1", max: "366", value: "90", required: true });
    const ticks = this.#scopes.map((scope) => make("label", { class: "option" }, make("input", { type: "checkbox", value: scope }), SCOPES[scope] ?? scope));
    let made = null;
    await choose({
      title: "Make a token",
      body: [
        make("label", { for: "token-name" }, "What it is for", name),
        make("fieldset", {}, make("legend", {}, "What it may do"), make("div", { class: "options" }, ...ticks)),
        make("label", { for: "token-days" }, "Days that it lasts", days),
      ],
      choices: [{ value: "make", label: "Make it", tone: "main", isDefault: true }, CANCEL],
      act: async () => {
        const scopes = ticks.map((tick) => tick.firstChild).filter((box) => box.checked).map((box) => box.value);
        made = await ask("POST", "/me/tokens", { name: name.value.trim(), scopes, days: Number(days.value) });
      },
      focus: name,
    });
    if (!made) return;
    await choose({
      title: "The token",
      body: [make("p", {}, "Copy it now: nobody can show it again. A program sends it as “Authorization: Bearer”."), make("p", {}, make("code", { id: "token-secret" }, made.secret))],
      choices: [{ value: "kept", label: "I have it" }],
    });
    await this.load();
    this.onChanged(`The token ${made.token.name} is made.`);
  }
}
