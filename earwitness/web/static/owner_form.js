// The fields of an account that is about to be made: a name, and a passphrase that is judged while it is typed, or a passkey.

import { ask } from "./api.js";
import { byId } from "./elements.js";
import { sayName } from "./passkey_name.js";
import { canUsePasskeys, makePasskey } from "./passkeys.js";
import { advise } from "./passphrase_advice.js";
import { watchShowButtons } from "./show_secret.js";

const way = () => document.querySelector("[name=way]:checked").value;

/** Watch the fields; `path` is that of the routes that judge and begin, `more()` what they are given besides, `headers` sent along. */
export function watchFields({ path, more = () => ({}), headers = {} }) {
  byId("way").hidden = !canUsePasskeys();
  sayName(byId("needs-name"));
  byId("way").addEventListener("change", () => {
    const isPasskey = way() === "passkey";
    byId("passphrase-part").hidden = isPasskey;
    byId("passphrase").disabled = isPasskey;
    byId("passkey-hint").hidden = !isPasskey;
  });
  advise(byId("passphrase"), byId("passphrase-advice"), {
    path: `${path}/passphrase`,
    body: () => ({ ...more(), name: byId("name").value, passphrase: byId("passphrase").value }),
    headers,
  });
  watchShowButtons();
}

/** What was typed, judged or made into a passkey, as the routes take it. Throws with a sentence for the person. */
export async function takeFields({ path, more = () => ({}), headers = {} }) {
  const name = byId("name").value.trim();
  if (way() === "passkey") {
    const { ceremony, options } = await ask("POST", `${path}/passkey`, { ...more(), name }, headers);
    return { name, passkey: { ceremony, credential: await makePasskey(options) } };
  }
  const passphrase = byId("passphrase").value;
  const verdict = await ask("POST", `${path}/passphrase`, { ...more(), name, passphrase }, headers);
  if (!verdict.good) throw new Error(verdict.sentence);
  return { name, passphrase };
}
