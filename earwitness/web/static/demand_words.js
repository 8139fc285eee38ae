// What kinds, categories, states and steps of legal demands are called, in plain words.

export const KINDS = {
  subpoena: "subpoena",
  order: "court order",
  warrant: "warrant",
  preservation: "demand to preserve",
  emergency: "emergency demand",
};
export const AUTHORITIES = {
  court: "a court",
  prosecutor: "a prosecutor",
  police: "police",
  regulator: "a regulator",
  private: "a party to a lawsuit, or their lawyer",
};
export const CATEGORIES = {
  devices: "devices and rooms",
  account: "account",
  turns: "when was spoken",
  words: "words",
  sound: "sound",
  notes: "reviewers’ notes",
};
export const STATES = {
  received: "came in",
  validated: "checked",
  objected: "objected to",
  narrowed: "narrowed",
  approved: "approved",
  notified: "the person was told, or a gag puts that off",
  disclosed: "answered",
  refused: "refused",
  closed: "closed",
};
export const STEPS = {
  received: "Came in",
  validated: "Checked against the paper",
  objected: "Objected to",
  person_objected: "The person objected",
  narrowed: "Narrowed",
  approval: "Approved by one of two",
  notified: "Notice",
  told: "The person was told, after a gag",
  preserved: "Preserved",
  released: "Let go again",
  disclosed: "Answered",
  reviewed: "Reviewed by somebody else",
  overdue: "The review is overdue",
  refused: "Refused",
  closed: "Closed",
};
/** The steps that somebody takes, as what their button says and what follows. */
export const TAKES = {
  validated: ["Say that it is genuine", "Hold the paper against what came in, and ask the authority at a number that you looked up yourself."],
  objected: ["Object", "Approvals fall, and nothing is disclosed while the objection stands."],
  narrowed: ["Narrow it", "The fields have what the rules propose; you may narrow it further. From then on the case has that scope, and no wider one."],
  approval: ["Approve", "You approve just the present scope. Another person’s approval is needed too."],
  notified: ["Tell the person", "The person is told now, and may object; a gag with an end puts that off until then."],
  preserved: ["Preserve", "Just this scope is kept from expiry and deletion, for as long as the rules allow."],
  released: ["Let go what is preserved", "Expiry and deletion go on."],
  disclosed: ["Answer", "Just this scope is opened, each opening on record, and encrypted to whoever demanded it."],
  reviewed: ["Say that you reviewed it", "An emergency that was answered is looked at again by somebody else, within a day."],
  refused: ["Refuse", "Nothing is disclosed. The demand ends here."],
  closed: ["Close", "Nothing follows any more. The encrypted file of an answer is removed from the server: hand it over before."],
};
export const OFFICES = { counsel: "counsel", privacy_officer: "the privacy officer", owner: "the owner", person: "the person", house: "the house itself" };
export const OUTCOMES = { whole: "in whole", part: "in part", nothing: "nothing responsive is held" };
export const LETTERS = { objection: "Objection", refusal: "Refusal", narrowed: "Answer in the narrower scope", notice: "Notice" };
