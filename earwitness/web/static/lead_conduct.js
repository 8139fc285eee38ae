// Who is or was suspended, why, and letting somebody work again, with a reason.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { attempt, inform } from "./header.js";
import { sayMoment } from "./times.js";

export async function loadConduct() {
  const found = await ask("GET", "/review/lead/conduct");
  byId("suspensions").replaceChildren(...found.map(row));
  byId("suspensions-empty").hidden = found.length > 0;
}

function row(one, at) {
  const said = make("span", {}, make("strong", {}, one.reviewer), ` ${one.reason}, ${sayMoment(one.at)}. `);
  if (one.ended_at) {
    said.append(`Restored by ${one.ended_by}, ${sayMoment(one.ended_at)}${one.ended_why ? `: ${one.ended_why}` : "."}`);
    return make("li", {}, said);
  }
  const why = make("input", { id: `why-${at}`, maxlength: "500", minlength: "3", required: true, autocomplete: "off" });
  const button = make("button", { type: "submit" }, "Let them work again");
  const form = make("form", { class: "row-form" }, make("label", { for: `why-${at}` }, `Why ${one.reviewer} may work again`), why, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(button, async () => {
      await ask("POST", `/review/lead/conduct/${one.reviewer}/restoration`, { why: why.value });
      inform(`${one.reviewer} may work again.`);
      await loadConduct();
      byId("conduct-title").focus();
    });
  });
  return make("li", {}, said, form);
}
