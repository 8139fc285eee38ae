// What the tests ask of a page about who can use it. Loaded before each page's own scripts; changes nothing until it is called.

const LEAST_RING_PIXELS = 2;
const SPREAD = `* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
  p { margin-bottom: 2em !important }`;

const all = (selector) => [...document.querySelectorAll(selector)];
const isSeen = (one) => one.checkVisibility({ visibilityProperty: true });
const name = (one) => `${one.tagName}#${one.id}.${one.className} "${one.textContent.trim().slice(0, 30)}"`;

/** What a person may operate now; the skip link is not seen until it has the focus. */
const operable = () =>
  all("a[href], button, input, select, textarea, summary, [tabindex='0']").filter(
    (one) => isSeen(one) && !one.disabled && !one.matches(".skip"),
  );

/** A link in the midst of a sentence is as high as its line (WCAG 2.2, 2.5.8 excepts it). */
const isInSentence = (one) =>
  one.matches("a") && one.parentElement.matches("p, li, dd, span, label") && one.parentElement.textContent.trim() !== one.textContent.trim();

const isRinged = (one) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= LEAST_RING_PIXELS;
};

/** Whether letters right in this element lie outside of one around it that hides what does not fit. */
function isCut(one) {
  const letters = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const range = document.createRange();
  return letters.some((node) => {
    range.selectNodeContents(node);
    const { right, bottom } = range.getBoundingClientRect();
    for (let around = one; around !== document.body; around = around.parentElement) {
      const { overflowX } = getComputedStyle(around);
      if (["auto", "scroll"].includes(overflowX)) return false;
      const box = around.getBoundingClientRect();
      if (box.width <= 1 || box.height <= 1) return false; // for the ears alone
      if (overflowX !== "visible" && (right > box.right + 1 || bottom > box.bottom + 1)) return true;
    }
    return false;
  });
}

window.probes = {
  /** How many CSS pixels the page is wider than its window, and what reaches out of it. On a phone innerWidth would grow with it. */
  overflow() {
    const { scrollWidth, clientWidth } = document.documentElement;
    const wider = scrollWidth - clientWidth;
    const reaching = all("body :not([aria-hidden=true])").filter((one) => isSeen(one) && one.getBoundingClientRect().right > clientWidth + 1);
    return wider > 0 ? [wider, ...reaching.slice(0, 6).map(name)] : [];
  },

  /** Text that is cut off by what it is in. */
  clipped: () => all("main *, header *, footer *").filter((one) => isSeen(one) && !one.closest(".hidden, svg, select") && isCut(one)).map(name),

  /** What is smaller than a finger needs; a box counts with its label. */
  small: (least) =>
    operable()
      .filter((one) => !isInSentence(one))
      .map((one) => (one.matches("[type=checkbox], [type=radio]") ? (one.closest("label") ?? one) : one))
      .map((one) => [one, one.getBoundingClientRect()])
      .filter(([, box]) => box.height < least - 0.5 || box.width < least - 0.5)
      .map(([one, box]) => `${name(one)} ${Math.round(box.width)}x${Math.round(box.height)}`),

  /** Number what the Tab key should stop at in `where`, in the page's order; of radio buttons at the chosen one. Gives how many. */
  number(where = "body") {
    for (const one of all("[data-stop]")) delete one.dataset.stop;
    const stops = operable().filter((one) => one.closest(where) && one.tabIndex >= 0 && !one.matches("[type=radio]:not(:checked)"));
    stops.forEach((one, index) => (one.dataset.stop = index));
    return stops.length;
  },

  /** Where the focus is, whether that can be seen, and whether anything lies over it; null outside the page. */
  focus() {
    const one = document.activeElement;
    if (one === null || one === document.body) return null;
    const box = one.getBoundingClientRect();
    const [x, y] = [box.left + Math.min(box.width, innerWidth) / 2, box.top + Math.min(box.height, innerHeight) / 2];
    const top = document.elementFromPoint(x, y);
    return {
      stop: one.dataset.stop === undefined ? null : Number(one.dataset.stop),
      name: name(one),
      isInDialog: one.closest("dialog[open]") !== null,
      isSkip: one.matches(".skip"),
      isRinged: isRinged(one) || one.matches("[type=radio], [type=checkbox]") && [...one.labels].some(isRinged),
      isInSight: top !== null && (one.contains(top) || top.contains(one)),
    };
  },

  /** Letters, words and lines as far apart as WCAG 2.2, 1.4.12, says that a reader may want them. */
  spread() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SPREAD);
    document.adoptedStyleSheets = [sheet];
  },

  nothing() {},

  enlarge: () => (document.documentElement.style.fontSize = "200%"),

  normal: () => (document.documentElement.style.fontSize = ""),

  layout() {
    const headings = all("h1, h2, h3, h4, h5, h6").filter(isSeen);
    const parts = ["body > header", "body > main", "body > footer", "body > header nav[aria-label]"];
    return {
      title: document.title,
      language: document.documentElement.lang,
      viewport: document.querySelector("meta[name=viewport]").content,
      levels: headings.map((one) => Number(one.tagName[1])),
      landmarks: parts.map((where) => all(where).length),
      current: all("header [aria-current=page]").map((one) => new URL(one.href).pathname),
      reaches: all("nav a, .account a").map((one) => new URL(one.href).pathname),
    };
  },

  moving: () => document.getAnimations().filter((one) => one.playState === "running").length,

  edgeless: () =>
    all("button, input, select, textarea")
      .filter((one) => isSeen(one) && !one.matches("[type=range]") && getComputedStyle(one).borderStyle === "none")
      .map(name),
};
