// The buttons that show a passphrase while it is typed, and hide it again.

import { byId } from "./elements.js";

function toggle(button, isShown) {
  button.setAttribute("aria-pressed", String(isShown));
  button.querySelector(".show-word").textContent = isShown ? "Hide" : "Show";
  byId(button.dataset.shows).type = isShown ? "text" : "password";
}

/** Let every button with `data-shows` show the field of that id. */
export function watchShowButtons(within = document) {
  for (const button of within.querySelectorAll("[data-shows]")) button.addEventListener("click", () => toggle(button, button.getAttribute("aria-pressed") !== "true"));
}
