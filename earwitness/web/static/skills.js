// The page of skills: what this house can do, and skills of others, which an owner enables after reading what they may use.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { account, attempt, inform, startWith } from "./header.js";

const say = (text) => (byId("status").textContent = text);
const examples = (skill) => make("ul", { class: "quiet" }, ...skill.examples.slice(0, 6).map((example) => make("li", {}, `“${example}”`)));

const mayRead = () => account.me?.permissions.includes("skills");

/** The button that shows what a skill keeps, for owners; nothing for others, and for skills that keep nothing. */
function notesButton(skill) {
  if (!skill.keeps || !mayRead()) return [];
  const button = make("button", { type: "button", "aria-label": `What ${skill.title} keeps` }, "What it keeps…");
  button.addEventListener("click", () => attempt(button, () => showNotes(skill)));
  return [button];
}

async function showNotes(skill) {
  const path = `/skills/${skill.name}/notes`;
  const list = make("ul", { class: "stack" });
  const told = make("p", { class: "quiet", role: "status" });
  const draw = async () => {
    const { notes } = await ask("GET", path);
    told.textContent = notes.length ? "" : "It keeps nothing.";
    list.replaceChildren(
      ...notes.map((note) => {
        const button = make("button", { type: "button", "aria-label": `Erase ${note.name}` }, "Erase");
        button.addEventListener("click", () =>
          attempt(button, async () => {
            await ask("DELETE", `${path}?note=${encodeURIComponent(note.name)}`);
            await draw();
            told.textContent ||= `${note.name} is erased.`;
          }),
        );
        return make("li", { class: "with-button" }, make("div", { class: "grow" }, make("strong", { class: "block" }, note.name), make("code", { class: "kept" }, JSON.stringify(note.value))), button);
      }),
    );
  };
  await draw();
  const answer = await choose({
    title: `What ${skill.title} keeps`,
    body: [make("p", {}, "Notes of its own, kept between requests. Erased, they are gone; the skill begins anew."), list, told],
    choices: [{ value: "erase", label: "Erase everything", tone: "danger" }, { ...CANCEL, label: "Close", isDefault: true }],
    act: () => ask("DELETE", path),
  });
  if (answer === "erase") inform(`What ${skill.title} kept is erased.`);
}

function ownLine(skill) {
  const words = [make("h3", {}, skill.title), make("p", {}, skill.about), examples(skill)];
  const buttons = notesButton(skill);
  return buttons.length ? make("li", { class: "with-button" }, make("div", { class: "grow" }, ...words), ...buttons) : make("li", {}, ...words);
}

function otherLine(skill, canEnable) {
  const button = make("button", { type: "button", "aria-label": `${skill.is_enabled ? "Disable" : "Enable"} ${skill.title}` }, skill.is_enabled ? "Disable" : "Enable");
  button.disabled = !skill.is_enabled && !canEnable;
  button.addEventListener("click", () => attempt(button, () => (skill.is_enabled ? disable(skill) : enable(skill))));
  const state = skill.is_enabled ? "enabled" : skill.has_changed ? "off: its file has changed since it was enabled" : "off";
  return make(
    "li",
    { class: "with-button" },
    make(
      "div",
      { class: "grow" },
      make("h3", {}, skill.title),
      make("p", {}, skill.about),
      make("p", { class: "quiet" }, `${skill.package} ${skill.version}, ${state}`),
      make("ul", {}, ...skill.may.map((sentence) => make("li", {}, sentence))),
      examples(skill),
    ),
    make("div", { class: "choices" }, ...notesButton(skill), button),
  );
}

function wrongLine(one) {
  return make("li", {}, make("strong", { class: "block" }, one.package), make("span", { class: "quiet" }, one.reason));
}

async function enable(skill) {
  let isDone = false;
  await choose({
    title: `Enable ${skill.title}?`,
    body: [make("p", {}, `${skill.package} ${skill.version} was not written by the people who make Earwitness.`), make("ul", {}, ...skill.may.map((sentence) => make("li", {}, sentence)))],
    choices: [{ value: "enable", label: "Enable it", tone: "main" }, { ...CANCEL, isDefault: true }],
    act: async () => {
      await ask("PUT", `/skills/${skill.name}`, { digest: skill.digest });
      isDone = true;
    },
  });
  if (!isDone) return;
  await load();
  inform(`${skill.title} is enabled.`);
}

async function disable(skill) {
  await ask("DELETE", `/skills/${skill.name}`);
  await load();
  inform(`${skill.title} is off.`);
}

async function load() {
  const found = await ask("GET", "/skills");
  byId("fence").textContent = found.fence;
  byId("own").replaceChildren(...found.own.map(ownLine));
  byId("others").replaceChildren(...found.others.map((skill) => otherLine(skill, found.can_enable)), ...found.unreadable.map(wrongLine));
  byId("others-empty").hidden = found.others.length + found.unreadable.length > 0;
  byId("own-card").hidden = byId("others-card").hidden = false;
  say("");
}

/** Show only the skills whose words have what is looked for. */
byId("find").addEventListener("input", () => {
  const wanted = byId("find").value.trim().toLowerCase();
  const lines = [...byId("own").children];
  for (const line of lines) line.hidden = !line.textContent.toLowerCase().includes(wanted);
  const count = lines.filter((line) => !line.hidden).length;
  byId("found").textContent = wanted ? `${count} of ${lines.length} skills.` : "";
});

startWith(load);
