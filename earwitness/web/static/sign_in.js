// The sign-in: name and passphrase, a code where one is asked for, or a passkey.

import { ask } from "./api.js";
import { byId } from "./elements.js";
import { sayName } from "./passkey_name.js";
import { canUsePasskeys, usePasskey } from "./passkeys.js";
import { watchShowButtons } from "./show_secret.js";

const back = document.body.dataset.back;

function enter() {
  location.replace(back);
}

async function attempt(button, work) {
  if (button.getAttribute("aria-busy")) return;
  byId("problem").textContent = "";
  button.setAttribute("aria-busy", "true");
  try {
    await work();
    enter();
  } catch (error) {
    byId("problem").textContent = error.message;
    if (error.code === "access.code_needed") showCode();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function showCode() {
  byId("code-part").hidden = false;
  byId("code").focus();
}

byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = byId("code").value.trim();
  const credentials = { name: byId("name").value.trim(), passphrase: byId("passphrase").value };
  attempt(byId("submit"), () => ask("POST", "/sign-in", { ...credentials, ...(code ? { code } : {}) }));
});

byId("passkey-part").hidden = !canUsePasskeys();
sayName(byId("needs-name"));
byId("passkey").addEventListener("click", () =>
  attempt(byId("passkey"), async () => {
    const { ceremony, options } = await ask("POST", "/sign-in/passkey");
    await ask("PUT", "/sign-in/passkey", { ceremony, credential: await usePasskey(options) });
  }),
);
watchShowButtons();

// A link on another site brings nobody's cookie along, whoever is signed in (SameSite): then go on at once.
ask("GET", "/sign-in").then(({ signed_in: isSignedIn }) => isSignedIn && enter(), () => {});
