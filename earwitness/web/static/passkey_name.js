// Says in one line that passkeys need a name where the page is shown under an address in numbers, and leads to the name.

import { make } from "./elements.js";

/** Say it in `place`, which stays hidden under a name. */
export function sayName(place) {
  const { hostname, port, pathname, search, hash } = location;
  const isNumber = /^[\d.]+$|:/.test(hostname);
  place.hidden = !isNumber;
  if (!isNumber) return;
  const isHere = hostname.startsWith("127.") || hostname === "[::1]";
  if (!isHere) return place.replaceChildren("Passkeys need a name: open this page under this machine’s name instead of a number.");
  const named = `${location.protocol}//localhost${port ? `:${port}` : ""}`;
  return place.replaceChildren("Passkeys need localhost: open ", make("a", { href: named + pathname + search + hash }, named), " to use one.");
}
