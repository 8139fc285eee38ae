// The page of messages: what came in, what was sent and what became of it, writing one, and what satellites say of them.

import { ask } from "./api.js";
import { CANCEL, choose } from "./dialogs.js";
import { byId, make } from "./elements.js";
import { inform, onSubmit, startWith } from "./header.js";
import { namedButton } from "./named_button.js";

const STATES = {
  waiting: "waits, and is not sent yet",
  sending: "is being sent",
  sent: "sent",
  delivered: "delivered",
  failed: "not delivered",
  unknown: "nobody knows whether it was sent",
  withdrawn: "taken back, not sent",
  new: "new",
  read: "read",
};
const ALOUD = { nothing: "says nothing", that_there_is_one: "says that there is one", reads: "says from whom, and reads it to whoever asks" };
const SOON_MS = 5000;

async function load() {
  const found = await ask("GET", "/messages");
  byId("kept").textContent = found.keeps
    ? "They are sealed with this home’s keys, and kept as long as your history."
    : "They are sealed with this home’s keys. Their words are erased soon after they were read or delivered, as you keep no history.";
  fill("inbox", found.inbox.map((one) => card(one, true)));
  fill("sent", found.sent.map((one) => card(one, false)));
  const rooms = found.rooms.map((name) => `the ${name.toLowerCase()}`);
  byId("people-here").replaceChildren(...[...found.people, ...rooms].map((name) => make("option", { value: name })));
  byId("ways").textContent = found.ways.length ? `Messages go out by ${found.ways.join(", ")}.` : "No way to people outside is set up; messages can be left for those who live here, and as notes in rooms.";
  byId("aloud").replaceChildren(...found.aloud.flatMap(choice));
  byId("status").textContent = "";
  byId("part").hidden = false;
  if (found.sent.some((one) => one.state === "sending" || one.state === "waiting")) setTimeout(again, SOON_MS);
}

const again = () => load().catch(() => {}); // the next press of a button says what is wrong

function fill(id, lines) {
  byId(id).replaceChildren(...lines);
  byId(`${id}-empty`).hidden = lines.length > 0;
}

function card(one, isIncoming) {
  const at = new Date(one.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const whom = isIncoming ? `From ${one.name}${one.room ? `, in the ${one.room.toLowerCase()}` : one.is_for_everybody ? ", for everybody" : ""}` : `To ${one.name}`;
  const button = (words, work, tone = "") => namedButton(`the message ${isIncoming ? "from" : "to"} ${one.name}`, words, work, { load, tone });
  const isNew = one.state === "new";
  const waits = one.state === "waiting";
  return make(
    "li",
    { class: "card fields", "data-state": one.state },
    make("h3", {}, whom),
    make("p", { class: "quiet" }, `${at} · ${STATES[one.state]}`),
    one.text === null ? make("p", { class: "quiet" }, "Its words were erased.") : make("p", { class: "said" }, one.text),
    ...(one.reason ? [make("p", { class: "quiet" }, one.reason)] : []),
    make(
      "div",
      { class: "choices" },
      ...(isNew ? [button("Read", () => ask("POST", `/messages/${one.id}/read`).then(() => "It is noted as read."))] : []),
      button(waits ? "Take back …" : "Delete …", () => removed(one, waits), "danger"),
    ),
  );
}

async function removed(one, waits) {
  const done = await choose({
    title: waits ? `Take back the message to ${one.name}?` : "Delete this message?",
    body: [make("p", {}, waits ? "It has not been sent, and will not be." : "It is deleted here. What others have of it stays with them.")],
    choices: [{ value: "remove", label: waits ? "Take it back" : "Delete", tone: "danger" }, CANCEL],
    act: () => ask("DELETE", `/messages/${one.id}`),
  });
  if (!done) return "";
  return waits ? "It was taken back." : "It was deleted.";
}

function choice(one) {
  const id = `aloud-${one.device_id || "all"}`;
  const select = make("select", { id }, ...Object.entries(ALOUD).map(([value, words]) => make("option", { value, selected: value === one.aloud }, words)));
  select.addEventListener("change", async () => {
    try {
      await ask("PUT", "/messages/aloud", { device_id: one.device_id, aloud: select.value });
      inform(`${one.name}: it ${ALOUD[select.value]}.`);
      if (!one.device_id) await load();
    } catch (error) {
      byId("problem-sending").textContent = error.message;
    }
  });
  return [make("label", { for: id }, one.name), select];
}

onSubmit(byId("write"), byId("problem-sending"), async () => {
  const written = await ask("POST", "/messages", { to: byId("to").value, text: byId("text").value, stays_here: byId("stays").checked });
  if (written.is_sent) byId("write").reset();
  await load();
  inform(written.reply);
});

startWith(load);
