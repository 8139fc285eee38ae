// The page of the home's accounts: add, change, suspend, sign out, remove; and for guardians, what is kept of their children.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { account, inform, onSubmit, startWith } from "./header.js";
import { Invitations } from "./invitations.js";
import { namedButton } from "./named_button.js";
import { advise } from "./passphrase_advice.js";
import { ABOUT, ROLES } from "./roles.js";
import { watchShowButtons } from "./show_secret.js";
import { sayMoment } from "./times.js";
import { Wards } from "./wards.js";

let people = [];
const invitations = new Invitations({ guardians: () => guardians(), nameOf: (id) => people.find((one) => one.id === id)?.name ?? "somebody", onDone: inform });
const wards = new Wards();
wards.onDecided = inform;

async function load() {
  const { permissions } = account.me;
  byId("people-part").hidden = !permissions.includes("people");
  const [count] = await Promise.all([permissions.includes("wards") ? wards.load() : 0, ...(permissions.includes("people") ? [loadPeople()] : [])]);
  byId("wards-part").hidden = count === 0;
  byId("status").textContent = permissions.includes("people") || count ? "" : "You are nobody’s guardian here. Whoever runs this home adds accounts.";
}

async function loadPeople() {
  people = (await ask("GET", "/people")).people;
  byId("people").replaceChildren(...people.map(card));
  showGuardians(byId("add-guardian"));
  await invitations.load();
}

const guardians = () => people.filter((one) => ["owner", "adult"].includes(one.role) && !one.suspended_at);
const roleOptions = (chosen) => Object.entries(ROLES).map(([value, label]) => make("option", { value, selected: value === chosen }, label));

function showGuardians(select, chosen = null) {
  select.replaceChildren(...guardians().map((one) => make("option", { value: one.id, selected: one.id === chosen }, one.name)));
}

function facts(one) {
  const guardian = people.find((each) => each.id === one.guardian_id);
  return [
    ROLES[one.role],
    ...(one.role === "child" ? [guardian ? `guardian: ${guardian.name}` : "no guardian"] : []),
    `since ${sayMoment(one.created_at)}`,
    ...(one.suspended_at ? [`suspended since ${sayMoment(one.suspended_at)}`] : []),
  ].join(", ");
}

function card(one) {
  const button = (words, work, tone = "") => namedButton(one.name, words, work, { load, tone });
  const isMe = one.id === account.me.person.id;
  const buttons = isMe
    ? []
    : [
        button("Change …", () => changeRole(one)),
        one.suspended_at ? button("Let in again", () => patch(one, { suspended: false }, `${one.name} may sign in again.`)) : button("Suspend", () => patch(one, { suspended: true }, `${one.name} is signed out and cannot sign in.`)),
        button("Sign out everywhere", async () => {
          await ask("DELETE", `/people/${one.id}/sign-ins`);
          return `${one.name} is signed out everywhere.`;
        }),
        button("Remove …", () => remove(one), "danger"),
      ];
  return make("li", { class: "card fields", "data-person": one.name }, make("h3", {}, isMe ? `${one.name} (you)` : one.name), make("p", { class: "quiet" }, facts(one)), ...(buttons.length ? [make("div", { class: "choices" }, ...buttons)] : []));
}

async function patch(one, change, sentence) {
  await ask("PATCH", `/people/${one.id}`, change);
  return sentence;
}

async function changeRole(one) {
  const role = make("select", { id: "change-role" }, ...roleOptions(one.role));
  const guardian = make("select", { id: "change-guardian" });
  showGuardians(guardian, one.guardian_id);
  const label = make("label", { for: "change-guardian" }, "Guardian", guardian);
  const about = make("p", { class: "quiet" });
  const show = () => {
    label.hidden = role.value !== "child";
    about.textContent = ABOUT[role.value];
  };
  role.addEventListener("change", show);
  show();
  const done = await choose({
    title: `What ${one.name} is here`,
    body: [make("label", { for: "change-role" }, "Role", role), about, label],
    choices: [{ value: "change", label: "Change", tone: "main", isDefault: true }, CANCEL],
    act: () => ask("PATCH", `/people/${one.id}`, { role: role.value, ...(role.value === "child" ? { guardian_id: guardian.value } : {}) }),
    focus: role,
  });
  return done ? `${one.name} is ${ROLES[role.value]} now.` : "";
}

async function remove(one) {
  const done = await choose({
    title: `Remove ${one.name} for good?`,
    body: [make("p", {}, `The account, every decision and every recording of ${one.name} go at once. Nobody can bring them back. To keep somebody out for a while, suspend them.`)],
    choices: [{ value: "remove", label: "Remove for good", tone: "danger" }, CANCEL],
    act: () => ask("DELETE", `/people/${one.id}`),
  });
  return done ? `${one.name} is removed.` : "";
}

byId("add-role").replaceChildren(...roleOptions("adult"));
function showAddedRole() {
  byId("add-role-about").textContent = ABOUT[byId("add-role").value];
  byId("add-guardian-part").hidden = byId("add-role").value !== "child";
}
byId("add-role").addEventListener("change", showAddedRole);
showAddedRole();
advise(byId("add-passphrase"), byId("add-advice"), { path: "/people/passphrase", body: () => ({ name: byId("add-name").value, passphrase: byId("add-passphrase").value }) });
watchShowButtons();
onSubmit(byId("add"), byId("add-problem"), async () => {
  const role = byId("add-role").value;
  const made = await ask("POST", "/people", { name: byId("add-name").value.trim(), role, passphrase: byId("add-passphrase").value, ...(role === "child" ? { guardian_id: byId("add-guardian").value } : {}) });
  byId("add").reset();
  byId("add-advice").textContent = "";
  showAddedRole();
  await load();
  inform(`${made.name} can sign in now.`);
});

startWith(load);
