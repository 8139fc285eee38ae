// The page of somebody who was invited: the code, from the link or typed, then a name and a passphrase or passkey of their own.

import { ask } from "./api.js";
import { byId } from "./elements.js";
import { takeFields, watchFields } from "./owner_form.js";
import { ROLES } from "./roles.js";
import { sayMoment } from "./times.js";

const fields = { path: "/invitation", more: () => ({ code: byId("code").value.trim() }) };

function onSubmit(id, problem, work) {
  const button = byId(id).querySelector("[type=submit]");
  byId(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy")) return;
    problem.textContent = "";
    button.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (error) {
      problem.textContent = error.message;
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

async function look() {
  const found = await ask("POST", "/invitation", fields.more());
  byId("status").textContent = `${found.by} invites you to ${found.home}, as ${ROLES[found.role]}. The invitation works once, until ${sayMoment(found.expires_at)}.`;
  byId("step-code").hidden = true;
  byId("step-name").hidden = false;
}

onSubmit("step-code", byId("code-problem"), async () => {
  await look();
  byId("name-title").focus();
});
onSubmit("step-name", byId("name-problem"), async () => {
  const account = await takeFields(fields);
  await ask("PUT", "/invitation", { ...fields.more(), ...account });
  location.replace("/");
});
watchFields(fields);

byId("code").value = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname); // a code is not for the history of this browser
try {
  if (byId("code").value) await look();
} catch (error) {
  byId("code-problem").textContent = error.message;
}
if (byId("step-name").hidden) {
  byId("step-code").hidden = false;
  byId("status").textContent = "Type the code that you were given.";
}
