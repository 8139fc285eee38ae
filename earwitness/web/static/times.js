// Says moments, spans and sizes in words, in this device's zone.

const LANGUAGE = navigator.languages.find((language) => language.startsWith("en")) ?? "en-GB";
const DAY_MS = 86_400_000;
const SPANS = [
  ["year", 365 * DAY_MS],
  ["month", 30 * DAY_MS],
  ["week", 7 * DAY_MS],
  ["day", DAY_MS],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const NAMED_PERIODS = new Map([
  [86_400, "a day"],
  [604_800, "a week"],
  [2_592_000, "a month"],
  [7_862_400, "three months"],
]);
const moment = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "long", timeStyle: "short" });
const second = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "full" });
const clock = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(LANGUAGE, { numeric: "auto" });

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** "24 November 2026 at 20:20". */
export const sayMoment = (iso) => moment.format(new Date(iso));

/** "24 Nov 2026, 20:20:07". */
export const saySecond = (iso) => second.format(new Date(iso));

/** "20:20". */
export const sayClock = (iso) => clock.format(new Date(iso));

/** "Today", "Yesterday", "Monday 23 November 2026". */
export function sayDay(iso) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(new Date()) - midnight(iso)) / DAY_MS);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : day.format(new Date(iso));
}

/** "in 6 days", "2 hours ago". */
export function sayRelative(iso) {
  const distance = new Date(iso) - Date.now();
  if (Math.abs(distance) < 60_000) return distance < 0 ? "just now" : "in less than a minute";
  const [unit, length] = SPANS.find(([, size]) => Math.abs(distance) >= size);
  return relative.format(Math.round(distance / length), unit);
}

/** The date of a moment as <input type="date"> has it. */
export function dayValue(date) {
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** "3.2 seconds", "4 minutes", "1.5 hours". */
export function saySeconds(seconds) {
  if (seconds > 0 && seconds < 0.1) return "less than 0.1 seconds";
  if (seconds < 59.95) return count(Number(seconds.toFixed(1)), "second");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return count(minutes, "minute");
  return count(Number((seconds / 3600).toFixed(1)), "hour");
}

/** "a week", "10 days", as the server says periods. */
export function sayPeriod(seconds) {
  if (NAMED_PERIODS.has(seconds)) return NAMED_PERIODS.get(seconds);
  const { number, unit } = periodParts(seconds);
  return count(number, unit);
}

/** A period in the greatest unit that it is a whole number of. */
export function periodParts(seconds) {
  for (const [unit, size] of [["day", 86_400], ["hour", 3600], ["minute", 60]]) {
    if (seconds >= size && seconds % size === 0) return { number: seconds / size, unit };
  }
  return { number: seconds, unit: "second" };
}

/** "1 turn", "12 turns". */
export const count = (number, noun) => `${number.toLocaleString(LANGUAGE)} ${noun}${number === 1 ? "" : "s"}`;

/** "3.2 MB". */
export function sayBytes(bytes) {
  if (bytes < 1000) return count(bytes, "byte");
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The beginning of a day here ("2026-03-01"), `days` later, as ISO 8601; null for none. */
export function dayAt(value, days = 0) {
  if (!value) return null;
  const at = new Date(`${value}T00:00`);
  at.setDate(at.getDate() + days);
  return at.toISOString();
}

/** The day here ("2026-03-01") in which the last moment before an end lies, or, without `isEnd`, in which a moment lies. */
export function dayOf(iso, { isEnd = false } = {}) {
  if (!iso) return "";
  const at = new Date(new Date(iso).getTime() - (isEnd ? 1 : 0));
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
