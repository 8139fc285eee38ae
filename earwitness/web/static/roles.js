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

export const ABOUT = {
  owner: "Runs the home: accounts, devices and settings. Sees nothing of what others said.",
  adult: "Talks, decides about their own recordings, may be a guardian.",
  child: "Talks; a guardian decides what is kept.",
  guest: "Talks, and nothing is kept.",
  reviewer: "Judges recordings that people let be reviewed, without learning whose they are.",
  lead: "Leads the reviewers.",
  privacy_officer: "Watches over consents, listens and conduct.",
  counsel: "Answers legal demands.",
  administrator: "Runs the machine and its accounts; hears and reads nothing of anybody.",
};

export const SCOPES = {
  talk: "Ask for things, as if you had typed or said them",
  home: "See the home, its timers and lists",
  history: "Read your history and who listened",
  devices: "Pair, mute and revoke devices",
};
