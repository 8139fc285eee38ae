// The guidelines: which version is in force, and writing the next one.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { inform, onSubmit } from "./header.js";
import { sayMoment } from "./times.js";

export async function loadGuidelines() {
  const [current, ...earlier] = await ask("GET", "/review/lead/guidelines");
  const made = current.made_at ? `by ${current.made_by}, ${sayMoment(current.made_at)}` : "as it came with Earwitness";
  const before = earlier.length ? ` Before it: ${earlier.map((one) => `version ${one.version}`).join(", ")}.` : "";
  byId("guidelines-text").textContent = `Version ${current.version} is in force, ${made}.${before} Each judgement says by which version it was made.`;
  byId("guide-sections").replaceChildren(...current.sections.map(section));
  byId("guide-questions").replaceChildren(...current.questions.map(question));
}

function remove(box, what) {
  const button = make("button", { type: "button" }, `Remove this ${what}`);
  button.addEventListener("click", () => {
    const next = box.nextElementSibling?.querySelector("input") ?? byId(`add-${what}`);
    box.remove();
    next.focus();
  });
  return button;
}

function area(text, attributes) {
  const made = make("textarea", attributes);
  made.value = text;
  return made;
}

function section({ title, text, examples }) {
  const lines = examples.map(({ words, does }) => `${words} => ${does}`).join("\n");
  const box = make(
    "fieldset",
    { class: "fields part" },
    make("legend", {}, "Section"),
    make("label", {}, "Title ", make("input", { name: "title", maxlength: "100", required: true, value: title })),
    make("label", {}, "Text ", area(text, { name: "text", rows: "4", maxlength: "5000", required: true })),
    make("label", {}, "Examples ", area(lines, { name: "examples", rows: "3" })),
  );
  box.append(remove(box, "section"));
  return box;
}

function question({ words, asks, choices, right }) {
  const lines = choices.map((choice, at) => (at === right ? `* ${choice}` : choice)).join("\n");
  const box = make(
    "fieldset",
    { class: "fields part" },
    make("legend", {}, "Question"),
    make("label", {}, "Words of a request ", make("input", { name: "words", maxlength: "1000", value: words })),
    make("label", {}, "What is asked ", make("input", { name: "asks", maxlength: "1000", required: true, value: asks })),
    make("label", {}, "Choices ", area(lines, { name: "choices", rows: "4", required: true })),
  );
  box.append(remove(box, "question"));
  return box;
}

const linesOf = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
const valueIn = (box, name) => box.querySelector(`[name=${name}]`).value.trim();

function sectionOf(box) {
  const examples = linesOf(valueIn(box, "examples")).map((line) => line.split("=>").map((part) => part.trim()));
  return { title: valueIn(box, "title"), text: valueIn(box, "text"), examples: examples.map(([words, does = ""]) => ({ words, does })) };
}

function questionOf(box) {
  const lines = linesOf(valueIn(box, "choices"));
  const right = lines.findIndex((line) => line.startsWith("*"));
  if (right < 0) throw new Error(`No choice of “${valueIn(box, "asks")}” begins with *, which says that it is right.`);
  return { words: valueIn(box, "words"), asks: valueIn(box, "asks"), choices: lines.map((line) => line.replace(/^\*\s*/, "")), right };
}

function add(list, box) {
  byId(list).append(box);
  box.querySelector("input").focus();
}

byId("add-section").addEventListener("click", () => add("guide-sections", section({ title: "", text: "", examples: [] })));
byId("add-question").addEventListener("click", () => add("guide-questions", question({ words: "", asks: "", choices: [], right: -1 })));
onSubmit(byId("guidelines"), byId("problem-guidelines"), async () => {
  const body = { sections: [...byId("guide-sections").children].map(sectionOf), questions: [...byId("guide-questions").children].map(questionOf) };
  const made = await ask("POST", "/review/lead/guidelines", body);
  inform(`Version ${made.version} is in force.`);
  await loadGuidelines();
  byId("guidelines-title").focus();
});
