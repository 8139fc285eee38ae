// Before something dangerous: asks whoever is signed in to show once more that it is them, by passphrase or passkey.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { make } from "./elements.js";
import { canUsePasskeys, usePasskey } from "./passkeys.js";

let asking = null;

/** Ask; gives whether it was shown. Several calls at once are one question. */
export function confirmItIsYou() {
  asking ??= question().finally(() => {
    asking = null;
  });
  return asking;
}

async function question() {
  const passphrase = make("input", { id: "confirm-passphrase", type: "password", maxlength: "256", autocomplete: "current-password", spellcheck: "false" });
  const code = make("input", { id: "confirm-code", inputmode: "numeric", maxlength: "20", autocomplete: "one-time-code", spellcheck: "false" });
  const codeLabel = make("label", { for: "confirm-code", hidden: true }, "Code from your phone", code);
  const body = [
    make("p", {}, "This cannot be undone or changes who gets in, so it needs you and not only this browser."),
    make("label", { for: "confirm-passphrase" }, "Your passphrase", passphrase),
    codeLabel,
  ];
  const act = async (way) => {
    if (way === "passkey") return passkey();
    try {
      await ask("POST", "/me/confirmation", { passphrase: passphrase.value, ...(code.value ? { code: code.value } : {}) });
    } catch (error) {
      if (error.code === "access.code_needed") {
        codeLabel.hidden = false;
        code.focus();
      }
      throw error;
    }
  };
  const choices = [
    { value: "passphrase", label: "Go on", tone: "main", isDefault: true },
    ...(canUsePasskeys() ? [{ value: "passkey", label: "Use a passkey" }] : []),
    CANCEL,
  ];
  return (await choose({ title: "Is it you?", body, choices, act, focus: passphrase })) !== null;
}

async function passkey() {
  const { ceremony, options } = await ask("POST", "/me/confirmation/passkey");
  await ask("PUT", "/me/confirmation/passkey", { ceremony, credential: await usePasskey(options) });
}
