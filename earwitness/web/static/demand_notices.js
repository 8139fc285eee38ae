// The demands about oneself, on the page Privacy: what one was told, and objecting.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt, inform } from "./header.js";
import { sayMoment } from "./times.js";

export class DemandNotices {
  async load() {
    const { notices } = await ask("GET", "/me/demands");
    byId("demands").replaceChildren(...notices.map((one) => this.#line(one)));
    byId("demands-empty").hidden = notices.length > 0;
  }

  #line(one) {
    const ward = one.is_for_ward ? "About a child whose guardian you are. " : "";
    const until = one.may_object ? ` · you may object until ${sayMoment(one.object_until)}` : "";
    const object = make("button", { type: "button" }, "Object to the demand …");
    object.addEventListener("click", () => attempt(object, () => this.#object(one)));
    return make(
      "li",
      {},
      make("p", {}, `${ward}${one.about}`),
      make("p", { class: "quiet" }, `Told ${sayMoment(one.told_at)}${until}`),
      ...(one.objected_at ? [make("p", { class: "since" }, `You objected ${sayMoment(one.objected_at)}.`)] : []),
      ...(one.disclosed_at ? [make("p", { class: "since" }, `It was answered ${sayMoment(one.disclosed_at)}.`)] : []),
      ...(one.may_object ? [object] : []),
    );
  }

  async #object(one) {
    const reason = make("textarea", { id: "objection", rows: "4", maxlength: "2000", required: true });
    const body = [make("p", {}, "Nothing is disclosed until somebody has looked at it again. Your words are sealed, and read by those alone who answer."), make("label", { for: "objection" }, "Why it should not be answered", reason)];
    const choices = [{ value: "object", label: "Object", tone: "main", isDefault: true }, CANCEL];
    const act = () => ask("POST", `/me/demands/${one.notice_id}/objection`, { reason: reason.value.trim() });
    if ((await choose({ title: "Object to the demand", body, choices, act, focus: reason })) === null) return;
    await this.load();
    inform("You objected. Nothing is disclosed until it was looked at again.");
  }
}
