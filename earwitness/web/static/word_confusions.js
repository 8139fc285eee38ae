// Which words were heard for which others, of one sentence as it was heard and as it was said. Pure.

const words = (text) => text.toLowerCase().split(/[^\p{L}\p{N}']+/u).filter(Boolean);

/** Lengths of the longest words in common of every pair of endings. */
function commons(heard, said) {
  const lengths = Array.from({ length: heard.length + 1 }, () => new Array(said.length + 1).fill(0));
  for (let one = heard.length - 1; one >= 0; one -= 1) {
    for (let other = said.length - 1; other >= 0; other -= 1) {
      lengths[one][other] = heard[one] === said[other] ? lengths[one + 1][other + 1] + 1 : Math.max(lengths[one + 1][other], lengths[one][other + 1]);
    }
  }
  return lengths;
}

/** “lamb” for “lamp”, a line for each run of words that differ. */
export function heardForOthers(heardText, saidText) {
  const [heard, said] = [words(heardText), words(saidText)];
  const lengths = commons(heard, said);
  const found = [];
  let [one, other, firstHeard, firstSaid] = [0, 0, 0, 0];
  const note = () => {
    const [wrong, right] = [heard.slice(firstHeard, one).join(" "), said.slice(firstSaid, other).join(" ")];
    if (wrong || right) found.push(`${wrong ? `“${wrong}”` : "nothing"} for ${right ? `“${right}”` : "nothing"}`);
  };
  while (one < heard.length || other < said.length) {
    if (one < heard.length && other < said.length && heard[one] === said[other]) {
      note();
      one += 1;
      other += 1;
      [firstHeard, firstSaid] = [one, other];
    } else if (other >= said.length || (one < heard.length && lengths[one + 1][other] >= lengths[one][other + 1])) {
      one += 1;
    } else {
      other += 1;
    }
  }
  note();
  return found;
}
