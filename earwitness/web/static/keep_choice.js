// For how long and what is kept: the fields inside the first consent. Decides nothing; it says what somebody chose.

import { make } from "./elements.js";
import { complain } from "./header.js";
import { periodParts, sayPeriod } from "./times.js";

const PERIODS = [
  ["day", "a day", 86_400],
  ["week", "a week", 604_800],
  ["month", "a month", 2_592_000],
  ["three months", "three months", 7_862_400],
];
const UNITS = { minute: 60, hour: 3600, day: 86_400, week: 604_800, month: 2_592_000, year: 31_536_000 };
const SHORTEST_SECONDS = 60;
const LONGEST_SECONDS = 3660 * 86_400;

const radio = (name, value, words, isChecked = false) => make("label", { class: "option" }, make("input", { type: "radio", name, value, checked: isChecked }), make("span", {}, words));

export class KeepChoice {
  #keeping = null;

  /** @param {(wish: object) => void} onChange when other terms are asked for while it is on */
  constructor(onChange) {
    this.number = make("input", { type: "number", min: "1", max: "9999", step: "1", value: "10", id: "keep-number", "aria-label": "How many", inputmode: "numeric" });
    this.unit = make("select", { id: "keep-unit", "aria-label": "Unit of time" }, ...Object.keys(UNITS).map((unit) => make("option", { value: unit, selected: unit === "day" }, `${unit}s`)));
    this.other = make("div", { class: "row other", hidden: true }, this.number, this.unit);
    this.save = make("button", { type: "button", class: "main", hidden: true }, "Save these terms");
    this.node = make(
      "div",
      { class: "terms" },
      make("fieldset", {}, make("legend", {}, "For how long"), make("div", { class: "options" }, ...PERIODS.map(([value, words]) => radio("keep-period", value, words, value === "week")), radio("keep-period", "other", "another time")), this.other),
      make("fieldset", {}, make("legend", {}, "What"), make("div", { class: "options" }, radio("keep-what", "audio", "sound and words", true), radio("keep-what", "text", "words alone"))),
      this.save,
    );
    this.node.addEventListener("input", () => this.#react());
    this.save.addEventListener("click", () => {
      const wish = this.wish();
      if (wish) onChange(wish);
    });
  }

  /** Show the terms in force, if there are any. */
  show(keeping) {
    const isNew = JSON.stringify(keeping) !== JSON.stringify(this.#keeping);
    this.#keeping = keeping;
    if (keeping && isNew) {
      const named = PERIODS.find(([, , seconds]) => seconds === keeping.retention_seconds);
      this.#check("keep-period", named ? named[0] : "other");
      this.#check("keep-what", keeping.keeps);
      if (!named) {
        const { number, unit } = periodParts(keeping.retention_seconds);
        if (unit in UNITS) [this.number.value, this.unit.value] = [number, unit];
      }
    }
    this.#react();
  }

  /** The chosen terms as the API takes them; null, and it is said, if they are none. */
  wish() {
    if (!(this.seconds() >= SHORTEST_SECONDS && this.seconds() <= LONGEST_SECONDS) || !this.number.checkValidity()) {
      complain("Recordings can be kept for a minute up to ten years; write a whole number.");
      this.number.focus();
      return null;
    }
    return { retention: this.seconds(), keeps: this.#checked("keep-what") };
  }

  /** The chosen time in seconds. */
  seconds() {
    const chosen = this.#checked("keep-period");
    return chosen === "other" ? Number(this.number.value) * UNITS[this.unit.value] : PERIODS.find(([value]) => value === chosen)[2];
  }

  #react() {
    this.other.hidden = this.#checked("keep-period") !== "other";
    const isSame = this.#keeping && this.seconds() === this.#keeping.retention_seconds && this.#checked("keep-what") === this.#keeping.keeps;
    this.save.hidden = !this.#keeping || Boolean(isSame);
    this.save.textContent = `Save: for ${this.seconds() > 0 ? sayPeriod(this.seconds()) : "…"}, ${this.#checked("keep-what") === "audio" ? "sound and words" : "words alone"}`;
  }

  #checked(name) {
    return this.node.querySelector(`[name="${name}"]:checked`).value;
  }

  #check(name, value) {
    this.node.querySelector(`[name="${name}"][value="${value}"]`).checked = true;
  }
}
