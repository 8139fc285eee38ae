// Deleting a day, some days or everything: says how many that is before, and gives a receipt after.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { make } from "./elements.js";
import { receiptButton, sayErased } from "./receipt.js";
import { count, dayValue, zone } from "./times.js";

const COUNT_AT_ONCE = 100;
const COUNT_UP_TO = 1000;

/** The midnight that begins a day of <input type="date">, or the day after it, as ISO 8601. */
function midnight(day, daysLater = 0) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

/** How many turns a query selects, "1,000 or more" being the most that is counted. */
async function countOf(query) {
  let found = 0;
  let before = null;
  do {
    const page = await ask("GET", `/history?${new URLSearchParams({ ...query, limit: String(COUNT_AT_ONCE), ...(before === null ? {} : { before: String(before) }) })}`);
    found += page.turns.length;
    before = page.next_before;
  } while (before !== null && found < COUNT_UP_TO);
  return { found, isMore: before !== null };
}

class Choice {
  #asked = 0;
  #isCounted = false;

  constructor(day, kept) {
    this.kept = kept;
    const today = dayValue(new Date());
    const date = (label, value) => make("input", { type: "date", value, max: today, "aria-label": label });
    this.day = date("Day", day || today);
    this.from = date("From", day || today);
    this.until = date("Up to and including", day || today);
    const option = (value, words, ...fields) => make("div", { class: "which" }, make("label", { class: "option" }, make("input", { type: "radio", name: "which", value, checked: value === "day" }), make("span", {}, words)), make("div", { class: "row" }, ...fields));
    this.words = make("p", { role: "status", class: "status" });
    this.node = make("fieldset", { class: "fields" }, make("legend", {}, "Which?"), option("day", "One day", this.day), option("range", "From … up to and including …", this.from, this.until), option("all", "Everything"), this.words);
    this.node.addEventListener("input", (event) => {
      for (const [value, fields] of [["day", [this.day]], ["range", [this.from, this.until]]]) {
        if (fields.includes(event.target)) this.node.querySelector(`[value="${value}"]`).checked = true;
      }
      this.count();
    });
  }

  get which() {
    return this.node.querySelector(":checked").value;
  }

  /** The chosen turns as the API's query. */
  query() {
    if (this.which === "day") return { day: this.day.value, zone };
    return { since: midnight(this.from.value), until: midnight(this.until.value, 1) };
  }

  isWhole() {
    if (this.which === "all") return true;
    return this.which === "day" ? Boolean(this.day.value) : Boolean(this.from.value && this.until.value && this.from.value <= this.until.value);
  }

  /** Say how many turns that is. */
  async count() {
    const turn = ++this.#asked;
    this.#isCounted = false;
    this.words.textContent = "Counting …";
    try {
      const words = await this.#counted();
      if (turn === this.#asked) this.words.textContent = words;
    } catch (error) {
      if (turn === this.#asked) this.words.textContent = error.message;
    }
  }

  async #counted() {
    if (!this.isWhole()) return this.which === "range" ? "Choose a first day and a last day that is not before it." : "Choose a day.";
    const all = this.which === "all" ? { found: this.kept.recordings, isMore: false } : await countOf(this.query());
    this.#isCounted = all.found > 0;
    return all.found === 0 ? "Nothing is kept of that." : `That is ${all.isMore ? "more than " : ""}${count(all.found, "turn")}${this.which === "all" ? ", all that is kept of you" : ""}.`;
  }

  /** Delete what was chosen; gives the deletion. Throws ApiError. */
  erase() {
    if (!this.#isCounted) throw new Error("There is nothing to delete there; choose something else.");
    const query = this.which === "all" ? { all: "true", confirm: "everything" } : this.query();
    return ask("DELETE", `/history?${new URLSearchParams(query)}`);
  }
}

/** Ask what to delete, delete it, show the receipt. Gives whether something was deleted. */
export async function askWhatToDelete({ day, kept }) {
  const choice = new Choice(day, kept);
  choice.count();
  let erasure = null;
  await choose({
    title: "Delete for good",
    body: [choice.node, make("p", {}, "Sound and words are gone at once, and nobody can bring them back.")],
    choices: [{ value: "delete", label: "Delete these for good", tone: "danger" }, CANCEL],
    act: async () => {
      erasure = await choice.erase();
    },
    focus: choice.node.querySelector(":checked"),
  });
  if (erasure === null) return false;
  await choose({
    title: "Deleted",
    body: [make("p", {}, `${sayErased(erasure)}: gone for good. The receipt is signed and in the ledger; your page Privacy keeps it too.`), receiptButton(erasure)],
    choices: [{ value: null, label: "Close" }],
  });
  return true;
}
