"""`make bench-pii`: what our blanking out finds of planted personal data, written and spoken, and how much else it hides.

A planted span counts as found if no word of it is left, but for small words (of, and, the). The spoken form is made here: lower
case, no punctuation, digits as words, signs of addresses said, every third name spelled letter by letter.
"""

import argparse
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bench.page import table
from earwitness.review.deidentify import deidentify
from earwitness.review.everyday import SMALL_WORDS

DATA: Final = Path(os.environ.get("EARWITNESS_DATA", "../shared/data"))
NAMES_OF_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS: Final = {str(digit): name for digit, name in enumerate(NAMES_OF_DIGITS)}
LEAST: Final = 95.0
WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
SIGNS: Final = {"@": " at ", ".": " dot ", "/": " slash ", "-": " dash ", "_": " underscore ", ":": " "}
Case = tuple[str, list[tuple[int, int, str]]]


def written(path: Path) -> list[Case]:
    """The sentences as they are, with their planted spans."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        cases.append((found["text"], [(one["start"], one["end"], one["type"]) for one in found["spans"]]))
    return cases


def spoken(case: Case, *, number: int) -> Case:
    """A sentence as a recogniser without capitals and digits would write it, with its spans moved along."""
    text, spans = case
    made, moved, last = "", [], 0
    for index, (start, end, kind) in enumerate(sorted(spans)):
        if start < last:
            continue
        made += said(text[last:start], kind="")
        start_now = len(made)
        made += said(text[start:end], kind=kind, is_spelled=kind == "PERSON" and (number + index) % 3 == 0)
        moved.append((start_now, len(made), kind))
        last = end
    return made + said(text[last:], kind=""), moved


def said(text: str, *, kind: str, is_spelled: bool = False) -> str:
    """A piece of text as it is spoken."""
    if kind in ("EMAIL_ADDRESS", "DOMAIN_NAME", "IP_ADDRESS"):
        text = "".join(SIGNS.get(one, one) for one in text)
    if is_spelled:
        text = " ".join(one for one in text if one.isalnum())
    text = re.sub(r"\d", lambda match: f" {DIGITS[match.group()]} ", text.lower())
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s'\u2019]|_", " ", text))


def words_left(text: str, span: tuple[int, int], hidden: Sequence[tuple[int, int]]) -> list[str]:
    """What of a span is still to be read."""
    start, end = span
    found = []
    for match in WORD.finditer(text, start, end):
        if match.group().lower() in SMALL_WORDS and match.group().lower() not in ("will", "may"):
            continue
        if not any(first <= match.start() and match.end() <= last for first, last in hidden):
            found.append(match.group())
    return found


def measure(cases: Sequence[Case], *, show: int) -> tuple[Counter[str], Counter[str], int, int]:
    """Found and planted spans by kind; words hidden that were not planted, and all words that were not."""
    found, planted, needless, others = Counter[str](), Counter[str](), 0, 0
    for text, spans in cases:
        hidden = deidentify(text).hidden
        for start, end, kind in spans:
            planted[kind] += 1
            left = words_left(text, (start, end), hidden)
            found[kind] += not left
            if left and show > 0:
                show -= 1
                print(f"  left: {kind} {left} of {text[start:end]!r} in {text[:150]!r}")
        for match in WORD.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end, _ in spans):
                others += 1
                needless += any(first <= match.start() and match.end() <= last for first, last in hidden)
    return found, planted, needless, others


def commands() -> Iterator[str]:
    """Requests of the assistant, without personal data but for what slots name."""
    for name, key in (("home_assistant_intents_2025", "text"), ("clinc150_train_val", "text")):
        for line in (DATA / "nlu" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            found: dict[str, Any] = json.loads(line)
            yield str(found[key])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="So many spans that were not found are printed, of each form.")
    chosen = parser.parse_args()
    cases = written(DATA / "text" / "pii_synthetic.jsonl")
    forms = {"written": cases, "spoken": [spoken(case, number=number) for number, case in enumerate(cases)]}
    rows, is_good = [], True
    for form, here in forms.items():
        found, planted, needless, others = measure(here, show=chosen.show)
        recall = 100 * found.total() / planted.total()
        is_good &= recall >= LEAST
        rows.append([form, "all", f"{planted.total()}", f"{recall:.1f} %", f"{100 * needless / others:.1f} %"])
        rows += [[form, kind, f"{count}", f"{100 * found[kind] / count:.1f} %", ""] for kind, count in planted.most_common()]
    texts = list(commands())
    hidden = total = 0
    for text in texts:
        spans = deidentify(text).hidden
        total += (count := len(WORD.findall(text)))
        hidden += count and sum(any(a <= m.start() and m.end() <= b for a, b in spans) for m in WORD.finditer(text))
    rows.append(["requests", "none planted", f"{len(texts)}", "", f"{100 * hidden / total:.1f} %"])
    print(table(["form", "kind", "spans", f"found (at least {LEAST:g} % of all)", "other words hidden"], rows))
    raise SystemExit(0 if is_good else 1)


if __name__ == "__main__":
    main()
