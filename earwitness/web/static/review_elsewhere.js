// From the household's page to a review service of its own, with a ticket behind the #, which no server is sent.

import { ask } from "./api.js";
import { byId } from "./elements.js";
import { attempt, start } from "./header.js";

const say = (sentence) => {
  byId("problem-go").textContent = sentence;
};

async function go() {
  const { url, ticket } = await ask("POST", "/review/ticket");
  location.assign(`${url}#${ticket}`);
}

byId("go").addEventListener("click", () => attempt(byId("go"), go, say));
start();
