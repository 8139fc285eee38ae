"""What tests of learning share: a chain that knows a few sentences, an adapter that learns what was misheard, a judged house."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose
from earwitness.domain.intent import Completeness, Context, Intent, Understanding
from earwitness.domain.person import Person
from earwitness.domain.turn import Transcript
from earwitness.improve.adapting import Adapter, Chain, Example, Learned, Metric, Progress, Sound
from earwitness.improve.data_sets import DataSets
from earwitness.improve.improver import Improver
from earwitness.improve.models import Models
from earwitness.turn.ports import Understander
from tests.houses_kept import KeptHouse

NAMES = ("Anna", "Ben", "Carl", "Dora", "Eve", "Finn")


@dataclass
class Knows:
    """Understands the sentences that it is given, and no others."""

    sentences: Mapping[str, Intent]

    def understand(self, text: str, *, context: Context) -> Understanding:
        return Understanding(text=text, intent=self.sentences.get(text), completeness=Completeness.UNKNOWN, reason="")

    def hints(self) -> tuple[str, ...]:
        return ()


@dataclass
class Scripted:
    """Hears a sound as the text that its bytes are."""

    name: str = "scripted"

    def transcribe(self, pcm: Pcm, *, hints: Sequence[str] = (), context: Context | None = None) -> Transcript:
        return Transcript(text=pcm.data.decode().strip(), engine=self.name, audio_seconds=pcm.seconds)


@dataclass
class Replacing:
    """Reads what was misheard as what was said, before it is understood."""

    inner: Understander
    said: Mapping[str, str]

    def understand(self, text: str, *, context: Context) -> Understanding:
        return self.inner.understand(self.said.get(text, text), context=context)

    def hints(self) -> tuple[str, ...]:
        return self.inner.hints()


@dataclass
class Misheard:
    """Learns, sentence by sentence, what was said where something else was heard. `spoils` has it read everything wrong."""

    name: str = "misheard"
    metrics: frozenset[Metric] = frozenset({Metric.COMMAND_ERRORS})
    spoils: bool = False
    fails_once: bool = False
    learned: list[str] = field(default_factory=list)
    """Each time it learned."""

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        if self.fails_once:
            self.fails_once = False
            raise KeyboardInterrupt
        self.learned.append(self.name)
        pairs = {one.heard: one.transcript for one in examples if one.heard != one.transcript}
        if self.spoils:
            pairs = {one.heard: "nonsense" for one in examples}
        progress(1, 1)
        if not pairs:
            return None
        return Learned(files={"pairs.json": json.dumps(pairs, sort_keys=True).encode()}, facts={"pairs": len(pairs)})

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        return replace(chain, understander=Replacing(chain.understander, json.loads(files["pairs.json"])))


LAMP = Intent(name="HassTurnOn", slots={"name": "lamp"})


def chain() -> Chain:
    """One that understands "turn on the lamp" alone."""
    return Chain(recogniser=Scripted(), understander=Knows({"turn on the lamp": LAMP}))


def improver(house: KeptHouse, *adapters: Adapter) -> Improver:
    """The loop on a house's vault and ledger."""
    sets = DataSets(
        house.database,
        door=house.vault.door,
        consents=house.consents,
        ledger=house.ledger,
        people=house.people.all,
        clock=house.clock,
    )
    models = Models(house.database, safe=house.vault.safe, clock=house.clock)
    return Improver(sets, models, ledger=house.ledger, base=chain, adapters=adapters or (Misheard(),))


def judged_house(house: KeptHouse, *, heard: str = "turn on the lamb", count: int = 4) -> list[Person]:
    """People who each said "turn on the lamp" some times, misheard, and corrected it; their turns differ in how they go on."""
    people = [house.enrolled(name, also=[Purpose.TRAIN]) for name in NAMES]
    for person in people:
        say(house, person, heard=heard, count=count)
    return people


def say(house: KeptHouse, person: Person, *, heard: str = "turn on the lamb", count: int = 4) -> list[str]:
    """Ids of turns of one person that were misheard and corrected."""
    ids = [house.keep(person, f"{heard} {at}") for at in range(count)]
    for turn_id in ids:
        house.rights.judge(person.person_id, turn_id, transcript="turn on the lamp", intent="HassTurnOn", slots={"name": "lamp"})
    return ids
