// How far reviewers agree: a plot over the weeks, with the same numbers in a table beside it, by label, by pair, by reviewer.

import { ask } from "./api.js";
import { byId, make } from "./elements.js";
import { labelWords } from "./review_words.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 640;
const HEIGHT = 220;
const EDGE = 36;
const LOWEST = -0.2;
const LINES = [
  ["intents_alpha", "Intents (alpha)", "line-a"],
  ["labels_alpha", "Labels (alpha)", "line-b"],
  ["words_agree", "Words that agree", "line-c"],
];

const figure = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));
const share = (value) => (value === null ? "–" : `${Math.round(100 * value)} %`);

export async function loadQuality() {
  const { overall, weeks, labels, pairs, workers } = await ask("GET", "/review/lead/quality");
  byId("overall").replaceChildren(
    ...[
      ["Judged by two", String(overall.tasks)],
      ["Intents", `alpha ${figure(overall.intents_alpha)}`],
      ["Labels", `alpha ${figure(overall.labels_alpha)}`],
      ["Words", overall.word_error_rate === null ? "–" : `${share(overall.word_error_rate)} differ`],
    ].flatMap(([what, said]) => [make("dt", {}, what), make("dd", {}, said)]),
  );
  const series = weeks.map((week) => ({ ...week, words_agree: week.word_error_rate === null ? null : 1 - week.word_error_rate }));
  plot(series);
  byId("weeks").replaceChildren(table("Agreement by week", ["Week", "Tasks", "Intents", "Labels", "Words differ"], weeks.map((one) => [one.name, one.tasks, figure(one.intents_alpha), figure(one.labels_alpha), share(one.word_error_rate)]), "Nothing was judged by two yet."));
  byId("labels-agreement").replaceChildren(table("Agreement on each label", ["Label", "Alpha"], labels.filter((one) => one.alpha !== null).map((one) => [labelWords[one.label], figure(one.alpha)]), "Nothing can be said of any label yet."));
  byId("pairs").replaceChildren(table("Agreement of each pair", ["Who", "Tasks", "The same", "Intents", "Words differ"], pairs.map((one) => [`${one.one} and ${one.other}`, one.tasks, one.agreed, figure(one.intents_alpha), share(one.word_error_rate)]), "No two judged the same yet."));
  byId("workers").replaceChildren(
    table(
      "Reviewers",
      ["Who", "Judged", "Agreed", "Upheld by a lead", "Gold", "Test"],
      workers.map((one) => [one.reviewer, one.judged, `${one.agreed} of ${one.compared}`, `${one.upheld} of ${one.decided}`, share(one.gold_score), one.has_passed ? "passed" : "to be passed"]),
      "Nobody works here yet.",
    ),
  );
}

/** A table that a narrow screen shows as cards; a sentence where there is nothing. */
function table(caption, heads, rows, none) {
  if (!rows.length) return make("p", { class: "quiet" }, none);
  return make(
    "table",
    {},
    make("caption", { class: "hidden" }, caption),
    make("thead", {}, make("tr", {}, ...heads.map((words) => make("th", { scope: "col" }, words)))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell, at) => make("td", { "data-label": heads[at] }, String(cell)))))),
  );
}

function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** The weeks as lines. A week of which nothing can be said breaks a line; each point says its number. */
function plot(weeks) {
  byId("plot").hidden = weeks.length === 0;
  byId("plot").querySelectorAll("svg, ul").forEach((old) => old.remove());
  if (!weeks.length) return;
  const x = (at) => EDGE + (weeks.length === 1 ? (WIDTH - 2 * EDGE) / 2 : (at * (WIDTH - 2 * EDGE)) / (weeks.length - 1));
  const y = (value) => HEIGHT - EDGE + 8 - ((Math.max(value, LOWEST) - LOWEST) / (1 - LOWEST)) * (HEIGHT - EDGE - 16);
  const parts = [0, 0.5, 0.8, 1].flatMap((value) => [
    draw("line", { x1: EDGE, x2: WIDTH - EDGE, y1: y(value), y2: y(value), class: value === 0.8 ? "grid firm" : "grid" }),
    draw("text", { x: EDGE - 6, y: y(value) + 4, class: "axis end" }, value.toFixed(1)),
  ]);
  parts.push(...weeks.map((week, at) => draw("text", { x: x(at), y: HEIGHT - 6, class: "axis mid" }, week.name.slice(5))));
  for (const [key, , line] of LINES) {
    const known = weeks.map((week, at) => [week[key], at]);
    for (const [[one, at], [other, next]] of known.slice(1).map((two, index) => [known[index], two])) {
      if (one !== null && other !== null) parts.push(draw("line", { x1: x(at), y1: y(one), x2: x(next), y2: y(other), class: line }));
    }
    for (const [value, at] of known) if (value !== null) parts.push(draw("circle", { cx: x(at), cy: y(value), r: 4, class: line }));
  }
  const picture = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Agreement by week; the table below has the same numbers" }, ...parts);
  byId("plot").append(picture, make("ul", { class: "legend" }, ...LINES.map(([, words, line]) => make("li", { class: line }, words))));
}
