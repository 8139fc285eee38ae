// The page of phones that are away: who has a profile, making one (shown once), revoking, and the tunnel.

import { ask, hand } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { attempt, inform, onSubmit, startWith } from "./header.js";
import { namedButton } from "./named_button.js";
import { sayMoment, sayRelative } from "./times.js";

async function load() {
  show(await ask("GET", "/remotes"));
  byId("status").textContent = "";
  byId("part").hidden = false;
}

function show(found) {
  byId("phones").replaceChildren(...found.remotes.map(card));
  byId("none").hidden = found.remotes.length > 0;
  byId("port").textContent = String(found.port);
  byId("add-endpoint").value ||= found.endpoint ?? "";
  byId("tunnel").textContent = found.is_up ? `The tunnel ${found.interface} is up.` : `The tunnel ${found.interface} is down: no phone comes in from elsewhere.`;
  byId("up").textContent = found.is_up ? "Bring it up to date" : "Bring it up";
  byId("down").hidden = !found.is_up;
}

function card(one) {
  const seen = one.seen_at ? `last seen ${sayRelative(one.seen_at)}` : "not seen yet";
  const revoke = namedButton(one.name, "Revoke …", () => revoked(one), { load, tone: "danger" });
  return make("li", { class: "card fields", "data-phone": one.name }, make("h3", {}, one.name), make("p", { class: "quiet" }, `${one.address}, since ${sayMoment(one.created_at)}, ${seen}`), make("div", { class: "choices" }, revoke));
}

async function revoked(one) {
  const done = await choose({
    title: `Revoke ${one.name}?`,
    body: [make("p", {}, "Its profile opens nothing any more. If the tunnel is up, the phone is cut off at once. To let it in again, make a new profile.")],
    choices: [{ value: "revoke", label: "Revoke", tone: "danger" }, CANCEL],
    act: () => ask("DELETE", `/remotes/${one.remote_id}`),
  });
  return done ? `${one.name} is revoked.` : "";
}

async function showOnce({ remote, profile, qr_svg: qr, page, restart_needed: needsRestart }) {
  const save = make("button", { type: "button" }, "Save it as a file");
  save.addEventListener("click", () => hand(new Blob([profile], { type: "text/plain" }), "earwitness.conf"));
  const restart = "This was the first phone: start Earwitness again, so that its certificate is for the tunnel’s address too.";
  await choose({
    title: `The profile of ${remote.name}`,
    body: [
      make("p", {}, "Scan it with the WireGuard app now. It holds the phone’s key, is shown this once and is kept nowhere here."),
      make("img", { class: "qr wide", src: `data:image/svg+xml,${encodeURIComponent(qr)}`, alt: "QR code of the profile for WireGuard" }),
      make("p", {}, "While the tunnel is on, the phone opens ", make("code", {}, page)),
      ...(needsRestart ? [make("p", { class: "wrong" }, restart)] : []),
      make("div", { class: "choices" }, save),
    ],
    choices: [{ value: "kept", label: "The phone has it" }],
  });
}

onSubmit(byId("add"), byId("add-problem"), async () => {
  const made = await ask("POST", "/remotes", { name: byId("add-name").value.trim(), endpoint: byId("add-endpoint").value.trim() });
  byId("add-name").value = "";
  await load();
  await showOnce(made);
  inform(`${made.remote.name} may come in from elsewhere.`);
});

const turn = (button, isUp, sentence) =>
  button.addEventListener("click", () =>
    attempt(button, async () => {
      show(await ask("PUT", "/remotes/tunnel", { up: isUp }));
      inform(sentence);
    }),
  );
turn(byId("up"), true, "The tunnel is up.");
turn(byId("down"), false, "The tunnel is down.");

startWith(load);
