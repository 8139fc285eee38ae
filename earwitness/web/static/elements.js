// Small makers of DOM nodes; text is always set as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children (nodes or strings). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A decorative picture from the sprite in the page. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

/** Set a switch (role="switch") and the word beside its track. */
export function setSwitch(button, isOn) {
  button.setAttribute("aria-checked", String(isOn));
  const word = button.querySelector(".switch-word");
  if (word) word.textContent = isOn ? "On" : "Off";
}

export const isSwitchedOn = (button) => button.getAttribute("aria-checked") === "true";
