// Draws the home as a house cut open: floors, rooms, devices. Keeps one node per device, so that a change is seen as a change.

import { byId, icon, make } from "./elements.js";

const FLOORS = ["attic", "loft", "fourth", "third", "second", "first", "upper", "main", "ground", "cellar", "basement"];
const COLOURS = {
  // Names as shining light: pure screen colours would be too dark to read by.
  "warm white": "#ffd9a0",
  "cold white": "#dbe9ff",
  "cool white": "#dbe9ff",
  white: "#fff3dc",
  black: "#8a8f9c",
  blue: "#5b8bff",
  red: "#ff6257",
  green: "#4fdc7c",
  purple: "#b57bff",
  yellow: "#ffe14d",
  orange: "#ff9f45",
  pink: "#ff8ac2",
  brown: "#c98f5d",
};
const LAMP = "#ffcf7a";
const RING_RADIUS = 16;
const LONGEST_TITLE = 40;

const title = (words) => words.charAt(0).toUpperCase() + words.slice(1);
const shortened = (words) => (words.length > LONGEST_TITLE ? `${words.slice(0, LONGEST_TITLE - 1)}…` : words);
const number = (value) => (typeof value === "number" ? value : null);

/** The colour of a lamp's light as CSS. */
function lampColour(attributes) {
  const name = String(attributes.color ?? "").toLowerCase();
  if (COLOURS[name]) return COLOURS[name];
  if (name && CSS.supports("color", name)) return name;
  const kelvin = number(attributes.color_temperature);
  if (kelvin === null) return LAMP;
  return kelvin < 3200 ? "#ffb65c" : kelvin < 4800 ? "#ffe6bd" : "#dbe9ff";
}

/** What a device shows: picture, words, whether it is active, and styles. */
const LOOKS = {
  light(device) {
    const isOn = device.state === "on";
    const percent = number(device.attributes.brightness);
    const colour = lampColour(device.attributes);
    const words = [isOn ? "on" : "off"];
    if (isOn && percent !== null) words.push(`${Math.round(percent)} %`);
    if (isOn && device.attributes.color) words.push(String(device.attributes.color));
    return { icon: "d-light", words, isActive: isOn, colour, strength: isOn ? 0.25 + 0.75 * ((percent ?? 100) / 100) : 0 };
  },
  lock(device) {
    const isLocked = device.state === "locked";
    return { icon: isLocked ? "d-lock-locked" : "d-lock-unlocked", words: [device.state], isActive: !isLocked, colour: "#ff9d8a" };
  },
  cover(device) {
    const position = number(device.attributes.position) ?? (device.state === "closed" ? 0 : 100);
    const words = [device.state];
    if (position > 0 && position < 100) words.push(`${Math.round(position)} %`);
    return { cover: position, words, isActive: position > 0, colour: "#a8c7ff" };
  },
  climate(device) {
    const target = number(device.attributes.temperature);
    const now = number(device.attributes.current_temperature);
    const words = [target === null ? device.state : `${device.state} to ${target}°`];
    if (now !== null) words.push(`now ${now}°`);
    const isHeating = device.state === "heat" || device.state === "heating";
    return { icon: "d-climate", words, isActive: device.state !== "off", colour: isHeating ? "#ff8f5c" : "#7cc4ff" };
  },
  media_player(device) {
    const isPlaying = device.state === "playing";
    const words = [device.state];
    const holds = isPlaying || device.state === "paused";
    if (holds && device.attributes.media_title) words.push(shortened(String(device.attributes.media_title)));
    if (number(device.attributes.volume) !== null) words.push(`volume ${Math.round(device.attributes.volume)} %`);
    if (isPlaying && device.attributes.track_number) words.push(`track ${device.attributes.track_number}`);
    const isTv = `${device.device_class} ${device.name}`.toLowerCase().includes("tv");
    return { icon: isTv ? "d-tv" : "d-speaker", words, isActive: isPlaying || device.state === "on", colour: "#8fd6c8", plays: isPlaying };
  },
  fan(device) {
    const isOn = device.state === "on";
    const percent = number(device.attributes.percentage);
    return { icon: "d-fan", words: isOn && percent !== null ? ["on", `${percent} %`] : [device.state], isActive: isOn, colour: "#a8e0ff", turns: isOn };
  },
  switch: (device) => ({ icon: "d-switch", words: [device.state], isActive: device.state === "on", colour: "#9be38f" }),
  scene: (device) => ({ icon: "d-scene", words: [device.state === "on" ? "set" : device.state], isActive: device.state === "on", colour: "#ffd76a" }),
};
const shownLook = (device) =>
  (LOOKS[device.domain] ?? ((other) => ({ icon: "d-other", words: [other.state], isActive: other.state === "on", colour: "#c9d2e6" })))(device);
const AWAY = { words: ["not reachable"], isActive: false, strength: 0, plays: false, turns: false };
const lookOf = (device) => (device.state === "unreachable" ? { ...shownLook(device), ...AWAY } : shownLook(device));

export class House {
  #devices = new Map(); // id → { node, shown }
  #plan = "";
  #timers = new Map();

  constructor() {
    setInterval(() => this.#countDown(), 250);
  }

  /** Show a board as the `home` message gives it. */
  show(board) {
    byId("simulated").hidden = !board.simulated;
    byId("home-title").textContent = board.name.replace(/ \(simulated\)$/, "");
    const plan = JSON.stringify([board.areas, board.devices.map(({ id, name, area, domain }) => [id, name, area, domain])]);
    if (plan !== this.#plan) this.#build(board);
    this.#plan = plan;
    for (const device of board.devices) this.#update(device);
    this.#showTimers(board.timers);
    showLists(board.lists);
  }

  #build(board) {
    this.#devices.clear();
    const elsewhere = board.devices.some((device) => !board.areas.some((area) => area.name === device.area));
    const areas = elsewhere ? [...board.areas, { name: "elsewhere", floor: "" }] : board.areas;
    const floors = Map.groupBy ? Map.groupBy(areas, (area) => area.floor) : group(areas);
    const rank = (floor) => FLOORS.findIndex((word) => floor.toLowerCase().includes(word));
    const ordered = [...floors].sort(([one], [other]) => rank(one) - rank(other));
    const nodes = ordered.map(([floor, rooms]) => this.#floor(floor, rooms, board.devices));
    byId("house").replaceChildren(make("div", { class: "roof", "aria-hidden": "true" }), ...nodes);
  }

  #floor(floor, rooms, devices) {
    const row = make("div", { class: "rooms" });
    for (const area of rooms) {
      const here = devices.filter((device) => (device.area ?? "elsewhere") === area.name);
      const room = make("section", { class: "room", "aria-label": area.name }, make("h3", {}, title(area.name)));
      room.style.flexGrow = String(Math.max(1, here.length));
      const list = make("ul", { class: "devices" });
      for (const device of here) list.append(this.#device(device));
      room.append(list);
      row.append(room);
    }
    const name = floor ? [make("p", { class: "floor-name" }, title(floor))] : [];
    return make("div", { class: "floor" }, ...name, row);
  }

  #device(device) {
    const words = make("span", { class: "words" });
    const picture = make("span", { class: "picture" });
    const node = make(
      "li",
      { class: `device ${device.domain}`, "data-device": device.id, "data-name": device.name },
      make("span", { class: "glow", "aria-hidden": "true" }),
      picture,
      make("span", { class: "label" }, make("span", { class: "name" }, title(device.name)), words),
    );
    this.#devices.set(device.id, { node, picture, words, shown: null });
    return node;
  }

  #update(device) {
    const kept = this.#devices.get(device.id);
    const shown = JSON.stringify([device.state, device.attributes]);
    if (!kept || kept.shown === shown) return;
    const look = lookOf(device);
    kept.node.dataset.state = device.state;
    kept.node.classList.toggle("active", look.isActive);
    kept.node.classList.toggle("plays", look.plays === true);
    kept.node.classList.toggle("turns", look.turns === true);
    kept.node.style.setProperty("--colour", look.colour);
    kept.node.style.setProperty("--strength", String(look.strength ?? 0));
    kept.words.textContent = look.words.join(" · ");
    kept.picture.replaceChildren(look.cover === undefined ? icon(look.icon) : coverPicture(look.cover));
    if (kept.shown !== null) flash(kept.node);
    kept.shown = shown;
  }

  #showTimers(timers) {
    const now = performance.now();
    byId("timers-empty").hidden = timers.length > 0;
    this.#timers.clear();
    byId("timers").replaceChildren(
      ...timers.map((timer) => {
        const left = make("span", { class: "left" });
        const ring = timerRing();
        const about = timer.ringing ? "ringing" : timer.running ? "running" : "paused";
        const node = make("li", { class: `timer ${about}` }, ring.svg, left, make("span", { class: "quiet" }, [timer.name, about].filter(Boolean).join(" · ")));
        this.#timers.set(timer.id, { timer, left, ring, at: now });
        return node;
      }),
    );
    this.#countDown();
  }

  #countDown() {
    for (const { timer, left, ring, at } of this.#timers.values()) {
      const passed = timer.running && !timer.ringing ? (performance.now() - at) / 1000 : 0;
      const seconds = Math.max(0, timer.seconds_left - passed);
      left.textContent = clock(seconds);
      ring.set(timer.seconds_total > 0 ? seconds / timer.seconds_total : 0);
    }
  }
}

function group(areas) {
  const floors = new Map();
  for (const area of areas) floors.set(area.floor, [...(floors.get(area.floor) ?? []), area]);
  return floors;
}

function clock(seconds) {
  const whole = Math.ceil(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function flash(node) {
  node.classList.remove("changed");
  void node.offsetWidth; // restarts the animation when a device changes twice in a row
  node.classList.add("changed");
}

/** A window with slats that cover it as far as the cover is closed. */
function coverPicture(position) {
  const slats = make("span", { class: "slats" });
  slats.style.height = `${100 - position}%`;
  return make("span", { class: "window", "aria-hidden": "true" }, slats);
}

function timerRing() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  svg.setAttribute("class", "ring");
  svg.setAttribute("aria-hidden", "true");
  const [back, front] = ["back", "front"].map((name) => {
    const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [key, value] of Object.entries({ cx: 20, cy: 20, r: RING_RADIUS, class: name, pathLength: 1 })) circle.setAttribute(key, value);
    return circle;
  });
  svg.append(back, front);
  return { svg, set: (share) => front.style.setProperty("stroke-dasharray", `${share} 1`) };
}

function showLists(lists) {
  byId("lists").replaceChildren(
    ...lists.map(({ name, items }) => {
      const body = items.length
        ? make("ul", {}, ...items.map((item) => make("li", {}, item)))
        : make("p", { class: "quiet" }, "Empty.");
      return make("div", { class: "list" }, make("h4", {}, title(name)), body);
    }),
  );
}
