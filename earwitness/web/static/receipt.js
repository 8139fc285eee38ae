// What a deletion took away, in words, and the button that saves its receipt with the proof.

import { save } from "./api.js";
import { icon, make } from "./elements.js";
import { attempt } from "./header.js";
import { count, sayMoment, saySeconds } from "./times.js";

/** What a deletion took away, in words. */
export function sayErased({ recordings, seconds, held, held_until }) {
  const gone = `${count(recordings, "recording")}${seconds ? `, ${saySeconds(seconds)} of sound` : ""}`;
  if (!held) return gone;
  const until = held_until ? `until ${sayMoment(held_until)}` : "until it ends";
  return `${gone}; ${held} more hidden from everybody, and held by a legal demand ${until}`;
}

/** A button that saves a receipt as a file. */
export function receiptButton({ erasure_id: id }) {
  const button = make("button", { type: "button", class: "save-receipt" }, icon("i-save"), "Save receipt", make("span", { class: "hidden" }, ` ${id.slice(0, 8)}`));
  button.addEventListener("click", () => attempt(button, () => save(`/receipts/${id}`, `receipt-${id.slice(0, 8)}.json`)));
  return button;
}
