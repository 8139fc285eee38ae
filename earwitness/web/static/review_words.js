// Words that the pages of review share.

/** Labels with the key (with Alt) that sets them at the desk. */
export const LABELS = [
  ["false_wake", "False wake", "1"],
  ["several_speakers", "Several speakers", "2"],
  ["child", "Child", "3"],
  ["background", "Background", "4"],
  ["unclear", "Unclear", "5"],
  ["personal_data", "Personal data", "6"],
  ["disturbing", "Disturbing", "7"],
];

export const labelWords = Object.fromEntries(LABELS.map(([value, words]) => [value, words]));
