"""Guarantee 10: what is learned is used only if it helps people it never heard, and goes with what it was learned from.

Owns the trial of the loop, with a rule of thumb in the place of what learns: how much real adapters gain is measured by
`make bench-improve`. Five made-up people correct requests that were misheard; nothing is said aloud.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from earwitness.build import House
from earwitness.domain.consent import Keeps, Purpose, Way
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Context, Understanding
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound
from earwitness.improve.data_set import Side
from earwitness.improve.improver import Improver
from earwitness.improve.models import Model, State
from earwitness.prove.evidence import require
from earwitness.turn.ports import Understander

SAID: Final = "what time is it"
HEARD: Final = "wart tie misty"
TURNS_EACH: Final = 5
PASSPHRASE: Final = "only for this proof, then gone"  # noqa: S105  (of a household that is thrown away)


class _Read:
    """Reads what was heard as what was said, where that was learned."""

    def __init__(self, inner: Understander, said: Mapping[str, str]) -> None:
        self._inner, self._said = inner, said

    def understand(self, text: str, *, context: Context) -> Understanding:
        return self._inner.understand(self._said.get(text, text), context=context)

    def hints(self) -> tuple[str, ...]:
        return self._inner.hints()


class _Corrections:
    """Learns each correction by heart; one that `spoils` learns to misread everything."""

    metrics = frozenset({Metric.COMMAND_ERRORS})

    def __init__(self, name: str, *, spoils: bool) -> None:
        self.name = name
        self._spoils = spoils

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        said = {one.heard: "no request at all" if self._spoils else one.transcript for one in examples}
        return Learned(files={"said.json": json.dumps(said, sort_keys=True).encode()})

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        return replace(chain, understander=_Read(chain.understander, json.loads(files["said.json"])))


def helps_or_is_not_used(house: House) -> tuple[str, ...]:
    """Guarantee 10, from corrections to a version that is used, refused, and retired."""
    people = _corrected(house)
    loop = _loop(house, _Corrections("corrections", spoils=False), _Corrections("spoiling", spoils=True))
    made = loop.sets.make()
    teach, measure = ({item.speaker for item in made.manifest.of(side)} for side in Side)
    require(not teach & measure, "Somebody both teaches and measures.")
    spoiled = _learned(loop, "spoiling")
    require(spoiled.state is State.REFUSED, "What misreads everything was taken for a gain.")
    require(_is_refused(loop, spoiled), "What is no gain was used.")
    helpful = _learned(loop, "corrections")
    require(helpful.state is State.MEASURED, f"A gain was refused: {helpful.reason}")
    _check_order(house, helpful)
    used = loop.promote(helpful, by="prove", share=1.0)
    require(loop.models.in_use() == used, "What was promoted is not in use.")
    teaching = next(one for one in people if loop.sets.of_person(one))
    house.rights.decide(teaching, Purpose.TRAIN, is_given=False, way=Way.API)
    (retired, *_) = loop.retire() or (None,)
    require(retired is not None and loop.models.in_use() is None, "What learned from somebody who withdrew is still used.")
    again = loop.sets.make()
    require(not loop.sets.of_person(teaching).get(again.set_id), "Who withdrew is in the next set.")
    sentence = helpful.report["sentence"] if helpful.report else ""
    return (
        f"{len(teach)} people taught, {len(measure)} others measured. {sentence}",
        "What counts was in the ledger before anything was learned; a version that misreads everything was refused",
        f"One of {len(people)} withdrew: the version was retired, its key destroyed, and the next set is without them",
    )


def _loop(house: House, *adapters: _Corrections) -> Improver:
    parts = house.improver
    return Improver(parts.sets, parts.models, ledger=house.ledger, base=lambda: house.plain_chain, adapters=adapters)


def _learned(loop: Improver, name: str) -> Model:
    model = loop.learn(loop.register(only=(name,)))
    return loop.measure(model)


def _is_refused(loop: Improver, model: Model) -> bool:
    try:
        loop.promote(model, by="prove", share=1.0)
    except EarwitnessError:
        return True
    return False


def _corrected(house: House) -> list[str]:
    """People whose turns were misheard, who corrected them and allow training."""
    meant = house.meant(SAID)
    require(meant is not None, f"“{SAID}” is not understood here, so the trial shows nothing.")
    people = []
    for number in range(5):
        person_id = house.people.add(f"Somebody {number}", passphrase=PASSPHRASE).person_id
        house.rights.decide(person_id, Purpose.KEEP, is_given=True, way=Way.API, keeps=Keeps.TEXT)
        house.rights.decide(person_id, Purpose.TRAIN, is_given=True, way=Way.API)
        for at in range(TURNS_EACH):
            turn = Turn(
                turn_id=secrets.token_hex(16), transcript=f"{HEARD} {at}", outcome=Outcome.NOT_UNDERSTOOD, reply="", intent=None
            )
            house.rights.keep(Spoken(turn=turn, person_id=person_id, began_at=house.clock()), None)
            house.rights.judge(person_id, turn.turn_id, transcript=SAID, intent=meant.name if meant else None)
        people.append(person_id)
    return people


def _check_order(house: House, model: Model) -> None:
    """Registered, learned, measured: in this order in the ledger."""
    entries = [json.loads(leaf) for leaf in house.ledger.leaves()]
    kinds = [entry["kind"] for entry in entries if entry.get("model") == model.model_id]
    wanted = ["improve.registered", "improve.learned", "improve.measured"]
    require(kinds == wanted, "The ledger does not show that what counts was said before it was learned.")
