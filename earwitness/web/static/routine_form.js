// A routine in a form: when it begins, what it does one after the other, its name. Each sentence is checked while it is typed.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { make } from "./elements.js";

const PAUSE_MS = 350; // after the last key, before a sentence is checked
const MOST_STEPS = 10;
let made = 0;

/** A field whose words the server is asked about; below it stands what they come to. */
class CheckedField {
  #timer = 0;
  #asked = 0;

  constructor(kind, { value, label, routine, placeholder }) {
    this.kind = kind;
    this.routine = routine;
    const id = `checked-${(made += 1)}`;
    this.told = make("p", { class: "checked", id, role: "status" });
    this.input = make("input", { required: true, maxlength: "500", autocomplete: "off", value, placeholder, "aria-describedby": id, "aria-label": label });
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#asked += 1;
      this.#show(null);
      this.#timer = setTimeout(() => this.check(), PAUSE_MS);
    });
  }

  get words() {
    return this.input.value.trim();
  }

  /** Ask what the words come to; an answer that is too late for other words is not shown. */
  async check() {
    clearTimeout(this.#timer);
    const asked = (this.#asked += 1);
    if (!this.words) return this.#show(null);
    try {
      const found = await ask("POST", "/routines/check", { [this.kind]: this.words, ...(this.routine ? { routine: this.routine } : {}) });
      if (asked === this.#asked) this.#show(found);
    } catch (error) {
      if (asked === this.#asked) this.#show({ is_fine: false, told: error.message });
    }
  }

  #show(found) {
    this.told.classList.toggle("wrong", found !== null && !found.is_fine);
    this.input.setAttribute("aria-invalid", String(found !== null && !found.is_fine));
    const fine = this.kind === "when" ? found?.told : "I understand that.";
    this.told.textContent = found === null ? "" : found.is_fine ? fine : found.told;
  }
}

/** The steps, each with a field and buttons that move and remove it. */
class Steps {
  constructor(steps, routine) {
    this.routine = routine;
    this.fields = steps.map((step) => this.#field(step));
    this.list = make("ol", { class: "steps" });
    this.more = make("button", { type: "button" }, "One step more");
    this.more.addEventListener("click", () => this.add());
    this.node = make("div", { role: "group", "aria-label": "What it does, one after the other" }, make("p", { class: "quiet" }, "What it does, one after the other"), this.list, this.more);
    this.#draw();
  }

  get words() {
    return this.fields.map((field) => field.words).filter(Boolean);
  }

  add() {
    this.fields.push(this.#field(""));
    this.#draw();
    this.fields.at(-1).input.focus();
  }

  #field(value) {
    const field = new CheckedField("step", { value, label: "Step", routine: this.routine, placeholder: "turn off the heating" });
    if (value) field.check();
    return field;
  }

  #move(place, by) {
    const [field] = this.fields.splice(place, 1);
    this.fields.splice(place + by, 0, field);
    this.#draw();
    field.input.focus();
  }

  #remove(place) {
    this.fields.splice(place, 1);
    this.#draw();
    (this.fields[Math.min(place, this.fields.length - 1)]?.input ?? this.more).focus();
  }

  #draw() {
    const last = this.fields.length - 1;
    const button = (label, about, work, isOff) => {
      const one = make("button", { type: "button", "aria-label": about, disabled: isOff }, label);
      one.addEventListener("click", work);
      return one;
    };
    this.list.replaceChildren(
      ...this.fields.map((field, place) => {
        field.input.setAttribute("aria-label", `Step ${place + 1}`);
        const acts = make(
          "div",
          { class: "acts" },
          button("Up", `Move step ${place + 1} up`, () => this.#move(place, -1), place === 0),
          button("Down", `Move step ${place + 1} down`, () => this.#move(place, 1), place === last),
          button("Remove", `Remove step ${place + 1}`, () => this.#remove(place), last === 0),
        );
        return make("li", {}, field.input, field.told, acts);
      }),
    );
    this.more.disabled = this.fields.length >= MOST_STEPS;
  }
}

/** Ask for all of a routine; `send(given)` gives the server's answer. Tells whether it was saved. */
export async function fillRoutine({ title, routine = null, send, offer }) {
  const when = new CheckedField("when", { value: routine?.when_words ?? "", label: "When", routine: routine?.id, placeholder: "when I say movie time" });
  if (routine) when.check();
  const steps = new Steps(routine?.steps ?? [""], routine?.id);
  const name = make("input", { maxlength: "40", autocomplete: "off", value: routine?.name ?? "" });
  const question = make("div", { class: "question", role: "alert" });
  const answer = await choose({
    title,
    body: [
      make("label", {}, "When", when.input),
      when.told,
      make("p", { class: "quiet" }, "“When I say movie time”, “every weekday at 7 am”, or “when the front door opens”."),
      steps.node,
      make("label", {}, "Name, if it has one", name),
      question,
    ],
    choices: [{ value: "save", label: "Save", tone: "main", isDefault: true }, CANCEL],
    focus: when.input,
    act: async () => {
      question.replaceChildren();
      const given = { name: name.value.trim(), steps: steps.words };
      if (!routine || when.words !== routine.when_words) given.when = when.words;
      const asked = (await send(given)).question;
      if (!asked) return;
      offer(question, asked, when.input, () => when.check());
      throw new Error("");
    },
  });
  return answer === "save";
}
