// The list of receipts of all that was deleted of somebody.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { complain } from "./header.js";
import { receiptButton, sayErased } from "./receipt.js";
import { sayMoment } from "./times.js";

const KINDS = { turns: "Deleted", history: "Everything deleted", person: "Everything deleted", expired: "Expired" };

const row = (erasure) =>
  make(
    "li",
    { class: "with-button" },
    make("div", { class: "grow" }, make("p", {}, make("strong", {}, KINDS[erasure.kind] ?? erasure.kind), ` · ${sayErased(erasure)}`), make("p", { class: "quiet" }, make("time", { datetime: erasure.erased_at }, sayMoment(erasure.erased_at)))),
    receiptButton(erasure),
  );

export class Receipts {
  clear() {
    byId("receipts").replaceChildren();
  }

  async load() {
    try {
      const { receipts } = await ask("GET", "/receipts");
      byId("receipts").replaceChildren(...receipts.map(row));
      byId("receipts-empty").hidden = receipts.length > 0;
    } catch (error) {
      if (error.code !== "access.not_signed_in") complain(error.message);
    }
  }
}
