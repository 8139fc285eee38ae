// What roles and scopes are called, in plain words.

export const ROLES = {
  owner: "owner",
  adult: "adult",
  child: "child",
  guest: "guest",
  reviewer: "reviewer",
  lead: "lead of the reviewers",
  privacy_officer: "privacy officer",
  counsel: "counsel",
  administrator: "administrator",
};

export const SCOPES = {
  talk: "Ask for things, as if you had typed or said them",
  home: "See the home, its timers and lists",
  history: "Read your history and who listened",
  devices: "Pair, mute and revoke devices",
};
