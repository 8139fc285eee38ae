// The words of the page of oversight: names of terms, states, outcomes.

export const SUBJECTS = { draw: "What is drawn", retention: "How long anything is kept", work: "How reviewers work" };
export const STATES = { proposed: "Proposed", approved: "Approved", refused: "Refused", withdrawn: "Taken back" };
export const GLASS_STATES = { asked: "Asked for", granted: "Open", refused: "Refused", ended: "Ended", expired: "Its time is over" };
export const GLASS_OUTCOMES = { nothing: "Nothing was found or done", mended: "A fault or danger was found and mended", helped: "The person was helped" };
export const OUTCOMES = {
  nothing: "It is not disturbing",
  label: "It keeps its label, nothing more",
  delete_offered: "Tell its person that they can delete it",
  support_offered: "Tell its person where support can be found",
};
export const CLOSED = { ...OUTCOMES, gone: "Deleted, or the consent withdrawn, before two had decided" };

/** What can be proposed: per subject its values, each with label, factor from what is typed to what is sent, and limits. */
export const VALUES = {
  draw: [
    { name: "rate_millionths", label: "Percent of what may be drawn", factor: 10_000, max: 0.2, usual: 0.2 },
    { name: "doubtful_thousandths", label: "Share for what was hard to understand, in percent", factor: 10, max: 100, usual: 50 },
    { name: "most_per_month", label: "Of one person in a month", factor: 1, max: 5, usual: 5 },
  ],
  retention: [{ name: "longest_days", label: "Days at most", factor: 1, min: 1, max: 3660, usual: 365 }],
  work: [
    { name: "lease_minutes", label: "Minutes for one task", factor: 1, min: 1, max: 480, usual: 60 },
    { name: "from_hour", label: "From this hour", factor: 1, max: 23, usual: 0 },
    { name: "until_hour", label: "Until this hour", factor: 1, min: 1, max: 24, usual: 24 },
    { name: "networks", label: "From these networks, one on each line; empty for any", isList: true },
  ],
};

/** The values of a proposal in words. */
export function sayValues(subject, values) {
  return VALUES[subject].map(({ name, label, factor = 1, isList }) => (isList ? `${label.split(",")[0]}: ${values[name].join(", ") || "any"}` : `${label}: ${values[name] / factor}`)).join(" · ");
}
