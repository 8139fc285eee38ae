// The way into a review service of its own: the ticket comes behind the #, which no server is sent, and is gone from the address at once.

import { ask } from "./api.js";
import { byId } from "./elements.js";

const ticket = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

async function enter() {
  try {
    if (ticket) await ask("POST", "/sign-in", { ticket });
    else await ask("GET", "/me");
    location.replace("/review");
  } catch (error) {
    byId("status").textContent = "";
    if (ticket || error.code !== "access.not_signed_in") byId("problem").textContent = error.message;
  }
}

enter();
