"""Guarantees 7, 8 and 9, of review: nobody known, as little as promised, consequences; tried on a real desk, vault and ledger.

What is drawn here is drawn by terms that no setting allows, so that it needs no luck; the rate is tried on simulated lots.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from earwitness.build import House
from earwitness.domain.audio import RATE_HZ
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.errors import EarwitnessError, OversightError, ReviewError
from earwitness.domain.oversight import Subject
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Role, Spoken
from earwitness.domain.review import HIGHEST_RATE_MILLIONTHS, DrawTerms, Excluded, Lot
from earwitness.domain.turn import Outcome, Turn
from earwitness.ledger.note import parse_verifier
from earwitness.oversight import terms
from earwitness.prove.door import enrolled
from earwitness.prove.evidence import NotProvedError, require
from earwitness.prove.spoken import spoken
from earwitness.prove.traces import hits
from earwitness.review import sample
from earwitness.review.audit import Evidence, check_against_ledger, recompute
from earwitness.review.conduct import MOST_OPENINGS, MOST_REFUSED
from earwitness.review.epochs import Epochs
from earwitness.review.evidence import entries_of, evidence
from earwitness.review.watermark import embed, trace
from earwitness.server.rules import RULES

ALL = DrawTerms(rate_millionths=1_000_000, doubtful_thousandths=0, most_per_month=1_000)
NAMES = ("Marguerite Oyelaran", "Bartholomew Quist")
SAID = "call Marguerite on 555 01 23 and turn on the lamp"
HERE = "1" * 32
LOTS = 50_000


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """A house in which somebody's turns were drawn: who, which, and by which epochs."""

    people: tuple[Person, ...]
    turn_ids: tuple[str, ...]
    epochs: Epochs
    epoch: str


def nobody_known(house: House) -> tuple[str, ...]:
    """Guarantee 7: what a reviewer is given, and all that the desk's database holds, says nobody's name, id, place or time."""
    drawn, desk = _drawn(house, count=3), house.review.desk
    actor = _reviewer(house, "quiet-reviewer-0001")
    secret = [*(one.name.split()[0] for one in drawn.people), "555 01 23", "5550123"]
    ids = [one.person_id for one in drawn.people] + [one.alias for one in drawn.people] + list(drawn.turn_ids)
    ids += [item.item_id for one in drawn.people for item in house.review.items.of(one.person_id)]
    shown: list[str] = []
    pseudonyms: list[str] = []
    while (lease := desk.begin(actor, sign_in_id=HERE)) is not None:
        lease, words = desk.open(actor, lease.lease_id, sign_in_id=HERE)
        require(re.fullmatch(r"20\d\d-W\d\d", lease.week) is not None, f"A task says more of when than the week: {lease.week}.")
        pseudonyms.append(lease.pseudonym)
        shown.append(repr((words, lease)))
        body: dict[str, Any] = {"transcript": "turn on the lamp", "intent": None, "slots": {}, "labels": []}
        desk.judge(actor, lease.lease_id, sign_in_id=HERE, body=body)
    require(len(shown) == len(drawn.turn_ids), f"{len(shown)} of {len(drawn.turn_ids)} tasks came, so the trial shows nothing.")
    said = [one for one in (*secret, *ids) if any(one.lower() in text.lower() for text in shown)]
    require(not said, f"A reviewer was shown {', '.join(said)}.")
    require(all("▇▇▇" in text for text in shown), "No name was blanked out, so the trial shows nothing.")
    require(len(set(pseudonyms)) == len(pseudonyms), "Two tasks of one person have the same pseudonym.")
    found = hits(house.state / "desk", texts=(*secret, "turn on the lamp", *ids))
    require(not found, f"The desk's database says {', '.join(found[:3])}.")
    size = sum(path.stat().st_size for path in (house.state / "desk").rglob("*") if path.is_file())
    return (
        f"{len(shown)} tasks of {len(drawn.people)} people: no name, number, id or exact time in what a reviewer is given",
        f"{len(set(pseudonyms))} pseudonyms, no two alike",
        f"the desk's database ({size} bytes), stolen: no name, no id of a person, recording or item, no word that was said",
    )


def small_as_promised(house: House) -> tuple[str, ...]:
    """Guarantee 8: the draw recomputes from what was committed before, changes are found, no terms go beyond 0.2 %."""
    drawn, key = _drawn(house, count=4), parse_verifier(house.ledger.verifier)
    found = evidence(drawn.epochs, drawn.epoch, ledger=house.ledger)
    told = recompute(found, log=key)
    check_against_ledger(found, entries_of(house.ledger, until=found.proofs[1].index))
    require(set(told.drawn) == set(drawn.turn_ids), "Others were drawn than the committed seed gives.")
    first, *rest = found.lots
    changed: dict[str, Evidence] = {
        "another seed": replace(found, seed=secrets.token_bytes(len(found.seed))),
        "a recording left out": replace(found, lots=tuple(rest)),
        "a recording that could be drawn and is said not to": replace(
            found, lots=(replace(first, excluded=Excluded.CHILD), *rest)
        ),
        "a list from another day": replace(found, epoch="2020-01-01"),
        "entries in another order": replace(found, proofs=found.proofs[::-1]),
    }
    for what, one in changed.items():
        _must_fail(lambda one=one: recompute(one, log=key), what)  # type: ignore[misc]
    lots = [_lot(is_doubtful=number % 9 == 0) for number in range(LOTS)]
    many = sample.draw(secrets.token_bytes(sample.SEED_BYTES), lots, terms=DrawTerms())
    most = LOTS * HIGHEST_RATE_MILLIONTHS // 1_000_000
    require(len(many.drawn) <= most, f"{len(many.drawn)} of {LOTS} were drawn: more than was promised.")
    try:
        terms.check(Subject.DRAW, DrawTerms().as_json() | {"rate_millionths": HIGHEST_RATE_MILLIONTHS + 1})
        raise NotProvedError("Terms beyond 0.2 % could be approved.")
    except OversightError:
        pass
    return (
        f"a draw of {told.able} recordings recomputes from the seed that entry {found.proofs[0].index} committed to before",
        f"{', '.join(changed)}: all found",
        f"of {LOTS} simulated recordings {len(many.drawn)} were drawn, at most {most}; no approval goes beyond that",
    )


def consequences(house: House) -> tuple[str, ...]:
    """Guarantee 9: no way to take a file away, a marked clip names its lease, and misuse suspends at once."""
    taking = [path for _, path in RULES if "/review" in path and re.search("export|download|archive|file", path)]
    require(not taking, f"There is a way to take things away from review: {', '.join(taking)}.")
    key, leases = secrets.token_bytes(32), [secrets.randbits(64) for _ in range(200)]
    said = "please turn on the light in the kitchen and set a timer for ten minutes"
    clip = np.frombuffer(spoken(house, said).data, dtype="<i2")
    leaked = embed(clip, key=key, lease=leases[7])[8_000:]
    named = trace(leaked, key=key, leases=leases)
    require(named is not None and (named.lease, named.also) == (leases[7], ()), "A leaked clip does not name its lease.")
    require(trace(clip, key=key, leases=leases) is None, "A clip without a mark names somebody.")
    _drawn(house, count=2)
    stopped = [_abused(house, "replaying-reviewer", _replay), _abused(house, "guessing-reviewer", _guess)]
    suspended = [who for who, _, _ in house.review.desk.suspended()]
    require(len(suspended) == len(stopped), "Who misused the desk is not suspended.")
    house.oversight.look()
    noted = [entry for _, entry in entries_of(house.ledger, until=house.ledger.size()) if entry["kind"] == "conduct.suspended"]
    require({entry["reviewer"] for entry in noted} == set(suspended), "The suspensions are not in the ledger.")
    return (
        f"a cut clip of {len(leaked) / RATE_HZ:.1f} s names its lease among {len(leases)}; one without a mark names nobody",
        f"{'; '.join(stopped)}: suspended at once, leases ended, told to whoever oversees, in the ledger",
        f"{len(RULES)} routes, none of which takes anything away from review",
    )


def _drawn(house: House, *, count: int) -> _Drawn:
    """Two people who allow review, so many of whose turns were drawn and lie on the desk."""
    people = tuple(enrolled(house, name) for name in NAMES)
    for person in people:
        house.rights.decide(person.person_id, Purpose.REVIEW, is_given=True, way=Way.TERMINAL)
    now = [datetime.now(UTC)]
    epochs = Epochs(
        house.database,
        ledger=house.ledger,
        safe=house.vault.safe,
        consents=house.consents,
        find=house.people.find,
        standing=house.vault.door.standing,
        terms=ALL,
        clock=lambda: now[0],
    )
    epoch = epochs.open().epoch
    turn_ids = [_said(house, people[number % len(people)]) for number in range(count)]
    now[0] += timedelta(days=1, minutes=5)
    drawn = epochs.draw(epoch)
    require(set(drawn) == set(turn_ids), "What was said was not drawn, so the trial shows nothing.")
    for person in people:
        for item in house.review.items.of(person.person_id):
            house.review.items.let_go(person.person_id, item.item_id)
    house.review.settle()
    return _Drawn(people=people, turn_ids=tuple(turn_ids), epochs=epochs, epoch=epoch)


def _lot(*, is_doubtful: bool) -> Lot:
    return Lot(recording=secrets.token_hex(16), speaker=secrets.token_hex(8), room=5, is_doubtful=is_doubtful)


def _said(house: House, person: Person) -> str:
    turn = Turn(turn_id=secrets.token_hex(16), transcript=SAID, outcome=Outcome.DONE, reply="Done.")
    heard = Spoken(turn=turn, person_id=person.person_id, began_at=datetime.now(UTC), is_woken=True)
    house.rights.keep(heard, None)
    return turn.turn_id


def _reviewer(house: House, alias: str) -> Actor:
    house.review.desk.passed(alias)
    return Actor(actor_id=alias, alias=alias, role=Role.REVIEWER)


def _abused(house: House, alias: str, abuse: Callable[[House, Actor], int]) -> str:
    """Let a script misuse the desk until it is stopped; gives what it did. Raises NotProvedError if nothing stops it."""
    actor = _reviewer(house, alias)
    times = abuse(house, actor)
    try:
        house.review.desk.begin(actor, sign_in_id=HERE)
    except EarwitnessError as error:
        require(error.code == "review.suspended", "Who misused the desk was refused, but not suspended.")
        return f"{alias.split('-')[0]} ({times} times)"
    raise NotProvedError(f"A script went on {alias.split('-')[0]} unhindered.")


def _replay(house: House, actor: Actor) -> int:
    lease = house.review.desk.begin(actor, sign_in_id=HERE)
    if lease is None:
        raise NotProvedError("No task lies on the desk, so the trial shows nothing.")
    for time in range(MOST_OPENINGS + 2):
        try:
            house.review.desk.open(actor, lease.lease_id, sign_in_id=HERE)
        except EarwitnessError:
            return time
    return MOST_OPENINGS + 2


def _guess(house: House, actor: Actor) -> int:
    for _ in range(MOST_REFUSED + 1):
        try:
            house.review.desk.open(actor, secrets.token_hex(16), sign_in_id=HERE)
        except EarwitnessError:
            continue
    return MOST_REFUSED + 1


def _must_fail(check: Callable[[], object], what: str) -> None:
    try:
        check()
    except ReviewError:
        return
    raise NotProvedError(f"The audit did not find {what}.")
