"""`make bench-understanding`: what people ask, understood by us and by others, side by side in one run.

Speeds are of processor time, so that other work on the machine does not count. `--every 10` asks a tenth.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.confusions import drawn
from bench.page import ROOT, data_folder, machine, publish, table
from bench.understanding_readers import Hassil, Ours, Reader, padacioso
from bench.understanding_sets import Crowd, assist_mini, crowd, is_met, large_home, rows, spoken_to
from earwitness.domain.home import Home
from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.improve.manifest import read_manifest
from earwitness.improve.metrics import percentile
from earwitness.improve.scoring import score_intent
from earwitness.improve.understanding.public import Public
from earwitness.links.home_file import demo_home, read_home
from earwitness.understand.sentences import own_manifests

PICTURE = ROOT / "docs" / "pictures" / "understanding-confusions.svg"
HOME_ASSISTANT = "nlu/home_assistant_intents_2025.jsonl"
ENTITIES = 2_000
PADACIOSO_EVERY = 8
"""It tries every pattern on each question."""
QUESTION, REFUSED = "AskQuestion", "refused"
SPOKEN = "Earwitness, as if it was spoken"
"""The same sentences by the thresholds of speech, which may be overheard and misheard."""
LARGE = (
    *("turn on {name}", "turn off {name}", "turn on the lights in the {area}", "close {name}", "is {name} on", "open {name}"),
    *("set {name} to 30 percent", "turn off everything in the {area}", "what is the state of {name}", "switch {name} off please"),
    *("could you get {name} going", "make it a bit brighter in the {area}", "shut {name} for me", "who is the king of {area}"),
)


def main() -> None:
    """Ask everybody everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="ask every so many-th sentence only")
    parser.add_argument("--print", action="store_true", dest="is_printed", help="publish nothing")
    parser.add_argument("--without-padacioso", action="store_true", help="leave it out: it takes minutes of processor time")
    chosen = parser.parse_args()
    step = chosen.every
    data = data_folder()
    made: tuple[Callable[[], str], ...] = (
        machine,
        lambda: _home_assistant(data, step),
        lambda: _crowd(crowd(data), step, with_padacioso=not chosen.without_padacioso),
        lambda: _mini(data),
        lambda: _large(step),
        lambda: _prose(data),
    )
    parts = []
    for make in made:
        parts.append(make())
        print(parts[-1], file=sys.stderr, flush=True)
    text = "\n\n".join(parts)
    if chosen.is_printed:
        print(text)
    else:
        publish("understanding", text)


def _home_assistant(data: Path, step: int) -> str:
    """Home Assistant's own tests, intent and slots."""
    home = read_home(ROOT / "bench" / "homes" / "home_assistant_tests.yaml")
    items = read_manifest(data / HOME_ASSISTANT)[::step]
    lines = []
    readers = (
        Ours("Earwitness", home),
        Ours(SPOKEN, home, is_typed=False),
        Ours("Earwitness, sentences alone", home, is_learned=False),
        Hassil(home),
    )
    for reader in readers:
        scores = []
        for item in items:
            heard = _as_understood(reader.read(item.text or "", area=item.area))
            scores.append(score_intent(item, heard, context=Context()))
        lines.append(
            [
                reader.name,
                _share(sum(score.is_intent_right for score in scores), len(scores)),
                _share(sum(score.is_command_right for score in scores), len(scores)),
                *_speed(reader),
            ]
        )
    head = ["who", "intents right, %", "with all slots, %", "p50, ms", "p95, ms"]
    return f"**Home Assistant's own sentences** ({len(items)})\n\n{table(head, lines)}"


def _as_understood(intent: Intent | None) -> Understanding:
    return Understanding(text="", intent=intent, completeness=Completeness.UNKNOWN, reason="")


def _crowd(sentences: Crowd, step: int, *, with_padacioso: bool) -> str:
    """What people wrote."""
    home = demo_home()
    whole, spoken = Ours("Earwitness", home), Ours(SPOKEN, home, is_typed=False)
    readers: list[Reader] = [whole, spoken, Ours("Earwitness, sentences alone", home, is_learned=False), Hassil(home)]
    head = ["who", "CLINC150 right, %", "SLURP right, %", "both right, %", "rejected, %", "out of scope refused, %"]
    head += ["for no skill refused, %", "p50, ms", "p95, ms"]
    lines = [_crowd_row(reader, sentences, step) for reader in readers]
    few = Crowd(
        ours=sentences.ours[::PADACIOSO_EVERY],
        elsewhere=sentences.elsewhere[::PADACIOSO_EVERY],
        nonsense=sentences.nonsense[:: PADACIOSO_EVERY // 8],
    )
    if with_padacioso:
        with padacioso() as peer:
            lines.append(_crowd_row(peer, few, 1))
    ours = sentences.ours[::step]
    _draw(ours, [whole.read(one.text) for one in ours])
    asked = f"padacioso was asked one of {PADACIOSO_EVERY}" if with_padacioso else "padacioso was not asked"
    note = (
        f"Asked: {len(ours)} sentences that fall in our skills (earwitness/improve/crowd_intents.yaml says how), "
        f"{len(sentences.nonsense[::step])} out of scope, {len(sentences.elsewhere[::step])} for what no skill does; {asked}. "
        "None of them teaches (tests/unit/improve/understanding). A question to look up counts as refused where nothing is to be "
        "done, and as right only where it may be one."
    )
    return f"**What people ask**\n\n{table(head, lines)}\n\n{note}\n\n{_calibration(whole, ours)}"


def _crowd_row(reader: Reader, sentences: Crowd, step: int) -> list[str]:
    ours = [(one, reader.read(one.text)) for one in sentences.ours[::step]]
    right = {source: _right([pair for pair in ours if pair[0].source == source]) for source in ("clinc150", "slurp")}
    refused = [reader.read(one.text) for one in sentences.nonsense[::step]]
    elsewhere = [reader.read(one.text) for one in sentences.elsewhere[::step]]
    return [
        reader.name,
        right["clinc150"],
        right["slurp"],
        _right(ours),
        _share(sum(heard is None for _, heard in ours), len(ours)),
        _share(sum(_is_refused(heard) for heard in refused), len(refused)),
        _share(sum(_is_refused(heard) for heard in elsewhere), len(elsewhere)),
        *_speed(reader),
    ]


def _is_right(one: Public, heard: Intent | None) -> bool:
    return heard is not None and one.meaning is not None and heard.name in one.meaning.ours


def _right(pairs: Sequence[tuple[Public, Intent | None]]) -> str:
    return _share(sum(_is_right(one, heard) for one, heard in pairs), len(pairs))


def _is_refused(heard: Intent | None) -> bool:
    return heard is None or heard.name == QUESTION


def _calibration(reader: Ours, ours: Sequence[Public]) -> str:
    """Of guesses with a confidence, how many are right."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for one in ours:
        heard = reader.read(one.text)
        certainty = reader.certainties[-1]
        if certainty is not None:
            bins.setdefault(min(int(certainty * 5), 4), []).append((certainty, _is_right(one, heard)))
    lines = []
    for which in sorted(bins):
        found = bins[which]
        mean = sum(certainty for certainty, _ in found) / len(found)
        lines.append(
            [
                f"{which * 20} - {which * 20 + 20}",
                str(len(found)),
                f"{100 * mean:.0f}",
                _share(sum(r for _, r in found), len(found)),
            ]
        )
    total = sum(len(found) for found in bins.values())
    gap = sum(abs(sum(c for c, _ in f) - sum(r for _, r in f)) for f in bins.values()) / max(1, total)
    head = ["said to be sure, %", "guesses", "mean, %", "right, %"]
    return f"**Guesses among them** ({total}); expected calibration error {100 * gap:.1f} %\n\n{table(head, lines)}"


def _mini(data: Path) -> str:
    """assist_mini: the intent that brings about the change, for the device."""
    home, wanted = assist_mini(data)
    lines = []
    for reader in (Ours("Earwitness", home), Ours("Earwitness, sentences alone", home, is_learned=False), Hassil(home)):
        met = sum(is_met(one, reader.read(one.text), home) for one in wanted)
        lines.append([reader.name, _share(met, len(wanted)), *_speed(reader)])
    head = ["who", "right, %", "p50, ms", "p95, ms"]
    return f"**assist_mini** ({len(wanted)}; its devices under the names of their ids)\n\n{table(head, lines)}"


def _large(step: int) -> str:
    """Speed in a home of two thousand entities."""
    home = large_home(ENTITIES)
    texts = spoken_to(home, LARGE * (20 // step or 1))
    lines = []
    for make in (_whole(home), lambda: Ours("Earwitness, sentences alone", home, is_learned=False), lambda: Hassil(home)):
        reader: Reader = make()
        asked = texts if isinstance(reader, Ours) else texts[: 3 * len(LARGE)]
        for text in asked:
            reader.read(text, area=home.areas[0].name)
        lines.append([reader.name, f"{reader.build_seconds:.2f}", *_speed(reader), f"{1000 / _mean(reader.milliseconds):.0f}"])
    head = ["who", "made in, s", "p50, ms", "p95, ms", "sentences a second"]
    return f"**A home of {ENTITIES:,} entities**\n\n{table(head, lines)}"


def _whole(home: Home) -> Callable[[], Ours]:
    return lambda: Ours("Earwitness", home)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _prose(data: Path) -> str:
    """Read speech, which is no request: what is taken for one, as speech."""
    texts = [row["text"] for row in rows(data / "audio" / "read_speech.jsonl")]
    lines = []
    whole = Ours("Earwitness", demo_home(), is_typed=False)
    for reader in (whole, Ours("Earwitness, sentences alone", demo_home(), is_learned=False)):
        taken = sum(not _is_refused(reader.read(text)) for text in texts)
        lines.append([reader.name, str(taken), _share(taken, len(texts))])
    return f"**Read speech taken for a request** ({len(texts)} passages)\n\n{table(['who', 'passages', '%'], lines)}"


def _draw(ours: Sequence[Public], heard: Sequence[Intent | None]) -> None:
    """The picture of what was taken for what, by skill."""
    skill_of = {intent: skill.name for skill in own_manifests() for intent in skill.intents}
    counts = Counter[tuple[str, str]]()
    for one, intent in zip(ours, heard, strict=True):
        assert one.meaning is not None
        meant = skill_of.get(min(one.meaning.ours), "other")
        if _is_right(one, intent):
            counts[meant, meant] += 1
        else:
            understood = REFUSED if intent is None else skill_of.get(intent.name, "other")
            counts[meant, f"{understood}, wrongly" if understood == meant else understood] += 1
    about = "Rows: the skill that people meant. Columns: the skill that was understood. In each cell per cent of the row."
    PICTURE.write_text(drawn(counts, title="What was understood for what people meant", about=about), encoding="utf-8")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def _speed(reader: Reader) -> tuple[str, str]:
    return f"{percentile(reader.milliseconds, 0.5):.2f}", f"{percentile(reader.milliseconds, 0.95):.1f}"


if __name__ == "__main__":
    main()
