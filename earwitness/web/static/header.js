// The header of every page: who is signed in, the badge of listens by others, signing out, and the lines under it.
// Whoever is not signed in any more is led to the sign-in, and from there back.

import { ask, door } from "./api.js";
import { confirmItIsYou } from "./confirm.js";
import { byId } from "./elements.js";
import "./navigation.js";

/** Who is signed in. `me` is what GET /me said, undefined while that is not known. "change" follows each change. */
class Account extends EventTarget {
  #others = new BroadcastChannel("earwitness.account");
  #asked = 0;
  me = undefined;

  constructor() {
    super();
    this.#others.onmessage = () => this.load();
    door.onNobody = leave;
    door.confirm = confirmItIsYou;
  }

  /** Ask the server. Says so on the page if it cannot be known. */
  async load() {
    const turn = ++this.#asked;
    try {
      const me = await ask("GET", "/me");
      if (turn === this.#asked) this.#take(me);
    } catch (error) {
      if (error.code !== "access.not_signed_in") complain(error.message);
    }
  }

  /** Take a new answer of the API for the truth, and let the other tabs know. */
  set(me) {
    this.#asked += 1;
    this.#take(me);
    this.#others.postMessage("changed");
  }

  async signOut() {
    await ask("POST", "/sign-out");
    this.#others.postMessage("changed");
    location.assign("/sign-in");
  }

  #take(me) {
    this.me = me;
    show(me);
    this.dispatchEvent(new Event("change"));
  }
}

function show(me) {
  byId("person-name").textContent = me.person.name;
  const badge = document.getElementById("new-listens"); // not for accounts of which nothing is kept
  if (!badge) return;
  badge.hidden = me.new_listens === 0;
  byId("new-listens-count").textContent = me.new_listens > 99 ? "99+" : String(me.new_listens);
}

function leave() {
  const here = location.pathname + location.search;
  location.assign(here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(here)}`);
}

/** Say on the page what went wrong; nothing takes it away. */
export function complain(sentence) {
  byId("problem").hidden = !sentence;
  byId("problem-text").textContent = sentence;
}

/** Say on the page what was done; nothing takes it away. */
export function inform(sentence) {
  complain("");
  byId("news").hidden = !sentence;
  byId("news-text").textContent = sentence;
}

/** Do something for somebody who pressed `button`: it waits meanwhile, and `say` tells what fails. Gives whether it went well. */
export async function attempt(button, work, say = complain) {
  if (button.getAttribute("aria-busy")) return false;
  say("");
  button.setAttribute("aria-busy", "true"); // not disabled: that would take the focus away
  try {
    await work();
    return true;
  } catch (error) {
    if (error.code !== "access.not_signed_in") say(error.message);
    return false;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Attempt `work` each time the form is sent; what fails is said in `problem`, a line of that form. */
export function onSubmit(form, problem, work) {
  const say = (sentence) => {
    problem.textContent = sentence;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(form.querySelector("[type=submit]"), work, say);
  });
}

export const account = new Account();

byId("problem-close").addEventListener("click", () => complain(""));
byId("news-close").addEventListener("click", () => inform(""));
byId("sign-out").addEventListener("click", () => attempt(byId("sign-out"), () => account.signOut()));

/** Find out who is signed in; a page calls it once it listens to "change". */
export const start = () => account.load();

/** Find out who is signed in, then load, once, what the page shows; what fails is said. */
export function startWith(load) {
  account.addEventListener(
    "change",
    async () => {
      try {
        await load();
      } catch (error) {
        if (error.code !== "access.not_signed_in") complain(error.message);
      }
    },
    { once: true },
  );
  return start();
}
