// Questions in a <dialog>: one heading, some nodes, buttons. The browser keeps the focus inside and gives it back at the end.

import { make } from "./elements.js";

let made = 0;

/**
 * Ask; gives the chosen value, or null if the question was dismissed. `choices` are {value, label, tone}, the first one with
 * `isDefault` answers Enter in a field. `act(value)` runs while the dialog waits: what it throws is shown in the dialog, which
 * stays open. `focus` is the node that has the focus at first; else the last button, which should be the harmless one.
 */
export function choose({ title, body = [], choices, act = async () => {}, focus = null }) {
  const id = `dialog-${(made += 1)}`;
  const problem = make("p", { class: "wrong", role: "alert" });
  const working = make("p", { class: "status", role: "status" });
  const buttons = choices.map(({ value, label, tone = "", isDefault }) => make("button", { type: isDefault ? "submit" : "button", class: tone, "data-value": value }, label));
  const form = make("form", { method: "dialog", class: "fields" }, make("h2", { id }, title), ...body, problem, working, make("div", { class: "choices" }, ...buttons));
  const dialog = make("dialog", { class: "card", "aria-labelledby": id }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = null;
    let isBusy = false;
    const decide = async (value) => {
      if (isBusy) return;
      if (value !== null && !form.reportValidity()) return;
      isBusy = true;
      problem.textContent = "";
      form.setAttribute("aria-busy", "true");
      const slow = setTimeout(() => working.replaceChildren("One moment … ", make("progress")), 400);
      try {
        if (value !== null) await act(value);
        answer = value;
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
      } finally {
        clearTimeout(slow);
        working.replaceChildren();
        isBusy = false;
        form.removeAttribute("aria-busy");
      }
    };
    buttons.filter(({ type }) => type === "button").forEach((button) => button.addEventListener("click", () => decide(choices[buttons.indexOf(button)].value)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const usual = choices.find((choice) => choice.isDefault);
      if (usual) decide(usual.value);
    });
    dialog.addEventListener("cancel", (event) => {
      if (isBusy) event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.showModal();
    (focus ?? buttons.at(-1)).focus();
  });
}

export const CANCEL = { value: null, label: "Cancel" };
