// A button on the card of one of several named things, which a screen reader hears with the name of its thing.

import { make } from "./elements.js";
import { attempt, inform } from "./header.js";

/** `work` gives the sentence that is said once `load` has drawn the page anew; nothing if it was called off. */
export function namedButton(name, words, work, { load, tone = "" }) {
  const made = make("button", { type: "button", class: tone, "aria-label": `${words} (${name})` }, words);
  made.addEventListener("click", () =>
    attempt(made, async () => {
      const sentence = await work();
      if (!sentence) return;
      await load();
      inform(sentence);
    }),
  );
  return made;
}
