// Says while a passphrase is typed whether it will do, in plain words. The server judges; nothing is kept.

import { ask } from "./api.js";

const PAUSE_MS = 250;

/** Watch `field`; `path` judges what `body()` gives; what it says goes into `place`. */
export function advise(field, place, { path, body, headers = {} }) {
  let timer = 0;
  let asked = 0;
  const say = (text, isGood) => {
    place.textContent = text;
    place.classList.toggle("good", isGood);
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const turn = ++asked;
    if (!field.value) return say("", false);
    timer = setTimeout(async () => {
      try {
        const verdict = await ask("POST", path, body(), headers);
        if (turn === asked) say(verdict.sentence, verdict.good);
      } catch {
        if (turn === asked) say("", false); // it is judged again when the form is sent
      }
    }, PAUSE_MS);
  });
}
