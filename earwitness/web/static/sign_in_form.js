// The two forms before which nobody is known yet: signing in and enrolling. Keeps no passphrase longer than the form shows it.

import { ask } from "./api.js";
import { byId } from "./elements.js";
import { account } from "./header.js";

const NAMES = { enter: "/people/sign-in", enrol: "/people" };

export class Doors {
  onEntered = () => {};

  constructor() {
    for (const form of Object.keys(NAMES)) {
      byId(form).addEventListener("submit", (event) => {
        event.preventDefault();
        this.#enter(form);
      });
    }
    for (const button of document.querySelectorAll("[data-shows]")) button.addEventListener("click", () => toggle(button));
  }

  async #enter(form) {
    const [name, passphrase] = ["name", "passphrase"].map((field) => byId(`${form}-${field}`));
    const button = byId(form).querySelector("[type=submit]");
    const problem = byId(`${form}-problem`);
    if (button.getAttribute("aria-busy")) return;
    problem.textContent = "";
    button.setAttribute("aria-busy", "true");
    try {
      await ask("POST", NAMES[form], { name: name.value.trim(), passphrase: passphrase.value });
      account.set(await ask("GET", "/me"));
      for (const each of Object.keys(NAMES)) byId(each).reset();
      for (const shown of document.querySelectorAll("[data-shows][aria-pressed=true]")) toggle(shown);
      this.onEntered(form === "enrol");
    } catch (error) {
      problem.textContent = error.message;
      passphrase.focus();
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

function toggle(button) {
  const isShown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isShown));
  button.querySelector(".show-word").textContent = isShown ? "Hide" : "Show";
  byId(button.dataset.shows).type = isShown ? "text" : "password";
}
