"""`make bench-sample`: a million utterances of ten thousand people, drawn by lot over a month and recomputed.

Who may be drawn is decided by the program's own rule; an oracle that is written apart from it looks at every drawn utterance.
"""

import argparse
import random
import secrets
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from bench.page import table
from earwitness.domain.review import MILLION, DrawTerms, KeptThen, Lot, StandsNow
from earwitness.review import sample
from earwitness.review.epoch_rows import packed, unpacked

DAYS: Final = 30
MOST_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Somebody:
    """One simulated person: what they are, and on which days their consent begins and ends."""

    is_child: bool
    is_guest: bool
    consents_from: int
    consents_until: int
    is_restricted: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One simulated utterance."""

    recording: str
    who: int
    day: int
    is_woken: bool
    is_doubtful: bool
    is_deleted: bool


def simulate(people: int, utterances: int, *, seed: int) -> tuple[list[Somebody], list[Said]]:
    chance = random.Random(seed)
    crowd = [
        Somebody(
            is_child=chance.random() < 0.15,
            is_guest=chance.random() < 0.05,
            consents_from=chance.choice((0, 0, 0, 10, DAYS)),
            consents_until=chance.choice((DAYS, DAYS, DAYS, 20)),
            is_restricted=chance.random() < 0.02,
        )
        for _ in range(people)
    ]
    said = [
        Said(
            recording=chance.randbytes(16).hex(),
            who=min(int(chance.paretovariate(1.2)) * chance.randrange(1, 97) % people, people - 1),
            day=chance.randrange(DAYS),
            is_woken=chance.random() < 0.7,
            is_doubtful=chance.random() < 0.08,
            is_deleted=chance.random() < 0.03,
        )
        for _ in range(utterances)
    ]
    return crowd, said


def lot_of(one: Said, crowd: list[Somebody], *, speaker: str, room: int) -> Lot:
    """The utterance as the program lists it, the day after."""
    who = crowd[one.who]
    had = who.consents_from <= one.day < who.consents_until
    then = KeptThen(is_woken=one.is_woken, is_child=who.is_child, is_guest=who.is_guest, had_consent=had)
    now = StandsNow(
        is_child=who.is_child,
        is_guest=who.is_guest,
        has_consent=had and one.day + 1 < who.consents_until,
        is_restricted=who.is_restricted,
        is_gone=one.is_deleted,
    )
    excluded = sample.why_not(then, now)
    return Lot(recording=one.recording, speaker=speaker, room=room, is_doubtful=one.is_doubtful, excluded=excluded)


def wrongs(one: Said, crowd: list[Somebody]) -> list[str]:
    """What is wrong with that this was drawn, as somebody would say it who never saw the program."""
    who, found = crowd[one.who], []
    if not (who.consents_from <= one.day and one.day + 1 < who.consents_until):
        found.append("unconsented")
    if who.is_child:
        found.append("child")
    if who.is_guest:
        found.append("guest")
    if not one.is_woken:
        found.append("no wake word")
    if who.is_restricted or one.is_deleted:
        found.append("restricted or deleted")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--utterances", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20260302)
    chosen = parser.parse_args()
    crowd, said = simulate(chosen.people, chosen.utterances, seed=chosen.seed)
    by_day: list[list[Said]] = [[] for _ in range(DAYS)]
    for one in said:
        by_day[one.day].append(one)
    terms, began, worked = DrawTerms(), time.perf_counter(), time.process_time()
    able = drawn = passed_over = over_rate = differing = 0
    bad, per_person = Counter[str](), Counter[int]()
    for day in by_day:
        seed, speakers = secrets.token_bytes(sample.SEED_BYTES), {who: secrets.token_hex(8) for who in {one.who for one in day}}
        room = {who: max(0, terms.most_per_month - per_person[who]) for who in speakers}
        lots = [lot_of(one, crowd, speaker=speakers[one.who], room=room[one.who]) for one in day]
        root, found = sample.list_root(lots), sample.draw(seed, lots, terms=terms)
        read = unpacked(packed(lots))
        again = sample.draw(seed, reversed(read), terms=terms)
        differing += again != found or sample.list_root(read) != root
        able += (here := sum(lot.excluded is None for lot in lots))
        over_rate += len(found.drawn) > -(-here * terms.rate_millionths // MILLION)
        drawn, passed_over = drawn + len(found.drawn), passed_over + found.passed_over
        by_id = {one.recording: one for one in day}
        for recording in found.drawn:
            bad.update(wrongs(by_id[recording], crowd))
            per_person[by_id[recording].who] += 1
    seconds = time.perf_counter() - began
    rows = [
        ("utterances of people", f"{len(said):,} of {len(crowd):,}"),
        ("could be drawn", f"{able:,}"),
        ("drawn", f"{drawn:,} ({100 * drawn / max(able, 1):.4f} % of them, bound {terms.rate_millionths / 10_000:g} %)"),
        ("over a day's bound", str(over_rate)),
        ("passed over: month's share used up", f"{passed_over:,}"),
        ("most of one person (bound 5)", str(max(per_person.values(), default=0))),
        *((f"drawn although {what}", str(bad[what])) for what in ("unconsented", "child", "guest", "no wake word")),
        ("drawn although restricted or deleted", str(bad["restricted or deleted"])),
        ("days that recompute differently", f"{differing} of {DAYS}"),
        ("processor seconds", f"{time.process_time() - worked:.1f}"),
        ("seconds, drawing and recomputing", f"{seconds:.1f} (bound {MOST_SECONDS:g})"),
    ]
    print(table(["", ""], [list(row) for row in rows]))
    is_good = not bad and not over_rate and not differing and max(per_person.values(), default=0) <= terms.most_per_month
    raise SystemExit(0 if is_good and seconds <= MOST_SECONDS else 1)


if __name__ == "__main__":
    main()
