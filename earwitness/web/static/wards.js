// What is kept of the children whose guardian one is: each consent with its text, given and withdrawn here.

import { ask } from "./api.js";
import { byId, make, setSwitch } from "./elements.js";
import { attempt } from "./header.js";
import { count, sayPeriod } from "./times.js";

export class Wards {
  onDecided = () => {};

  /** Show them; gives how many there are. */
  async load() {
    const { wards } = await ask("GET", "/wards");
    byId("wards").replaceChildren(...wards.map((ward) => this.#card(ward)));
    return wards.length;
  }

  #card(ward) {
    const { person, kept, keeping } = ward;
    const standing = `${keeping ? `Kept for ${sayPeriod(keeping.retention_seconds)}.` : "Nothing is kept from now on."} ${kept.recordings ? `${count(kept.recordings, "recording")} kept now.` : ""}`;
    return make("section", { class: "card", "data-ward": person.name, "aria-label": person.name }, make("h3", {}, person.name), make("p", { class: "quiet" }, standing), ...ward.texts.map((text) => this.#setting(person, text, ward.consents[text.purpose]?.given ?? false)));
  }

  #setting(person, text, isGiven) {
    const id = `ward-${person.id}-${text.purpose}`;
    const button = make("button", { type: "button", role: "switch", class: "switch", id, "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-text` }, make("span", { class: "track", "aria-hidden": "true" }), make("span", { class: "switch-word", "aria-hidden": "true" }, ""));
    setSwitch(button, isGiven);
    button.addEventListener("click", () =>
      attempt(button, async () => {
        await ask("PUT", `/wards/${person.id}/consents/${text.purpose}`, { given: !isGiven, ...(text.purpose === "keep" && !isGiven ? { retention: "week" } : {}) });
        await this.load();
        this.onDecided(`${person.name}: ${text.title} is ${isGiven ? "off" : "on"}.`);
        byId(id).focus();
      }),
    );
    return make("div", { class: "setting" }, make("div", { class: "grow" }, make("h4", { id: `${id}-title` }, text.title), make("p", { class: "quiet", id: `${id}-text` }, text.text)), button);
  }
}
