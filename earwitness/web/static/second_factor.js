// Turning codes from a phone on: the QR code, the first code, and the recovery codes that are shown once.

import { ask, hand } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { make } from "./elements.js";

/** Show recovery codes, which nobody can see again. */
export async function showOnce(codes) {
  const save = make("button", { type: "button" }, "Save as a file");
  save.addEventListener("click", () => hand(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }), "earwitness-recovery-codes.txt"));
  await choose({
    title: "Your recovery codes",
    body: [
      make("p", {}, "Each stands in once for a code from your phone. Write them down or save them, away from this device: nobody can show them again."),
      make("ul", { class: "codes", id: "recovery-codes" }, ...codes.map((code) => make("li", {}, make("code", {}, code)))),
      save,
    ],
    choices: [{ value: "kept", label: "I have them" }],
  });
}

/** Let somebody scan the QR code and give a first code; gives whether codes are on. */
export async function turnOnCodes() {
  const { secret, qr } = await ask("POST", "/me/code");
  const code = make("input", { id: "first-code", inputmode: "numeric", maxlength: "10", required: true, autocomplete: "one-time-code" });
  let codes = [];
  const done = await choose({
    title: "Turn codes on",
    body: [
      make("p", {}, "Scan this with an authenticator app, or type the key into it. Then give the code that it shows."),
      make("img", { class: "qr", src: qr, alt: "QR code with the key below", width: "200", height: "200" }),
      make("p", {}, make("code", { id: "code-secret" }, secret.match(/.{1,4}/g).join(" "))),
      make("label", { for: "first-code" }, "Code", code),
    ],
    choices: [{ value: "on", label: "Turn on", tone: "main", isDefault: true }, CANCEL],
    act: async () => {
      codes = (await ask("PUT", "/me/code", { code: code.value })).recovery_codes;
    },
    focus: code,
  });
  if (!done) return false;
  await showOnce(codes);
  return true;
}
