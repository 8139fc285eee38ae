"""Guarantee 3: nothing is kept by default. A hundred turns, one spoken, by a guest and by somebody who decided nothing."""

import asyncio

from earwitness.build import House
from earwitness.demo import sound_of
from earwitness.domain.audio import Pcm
from earwitness.domain.recording import Selection
from earwitness.prove.evidence import require
from earwitness.prove.traces import hits, loudest

CANARY = "zanzibar marmalade"
TURNS = 100
PASSPHRASE = "only for this proof, then gone"  # noqa: S105  (of a household that is thrown away)


def nothing_by_default(house: House) -> tuple[str, ...]:
    """Guarantee 3, over the raw bytes of every file that the household wrote."""
    person = house.people.add("Nobody in particular", passphrase=PASSPHRASE)
    spoken = sound_of(house, f"Where is the {CANARY}?")
    heard = asyncio.run(_talk(house, person.person_id, spoken.data))
    require("marmalade" in heard.lower(), f"The canary was not recognised (“{heard}”), so the trial shows nothing.")
    files = [path for path in house.state.rglob("*") if path.is_file()]
    require(any(path.name == "household.db" for path in files), "No file was written at all, so the trial shows nothing.")
    found = hits(house.state, texts=(CANARY, "marmalade"), sounds={"its sound": loudest(spoken.data)})
    require(not found, f"Traces were found: {', '.join(found[:3])}")
    kept = house.rights.kept(person.person_id, Selection(is_all=True)).recordings
    require(kept == 0, f"{kept} turns were kept without consent.")
    size = sum(path.stat().st_size for path in files)
    return (f"{TURNS} turns, one spoken: 0 traces of words or sound in {len(files)} files ({size} bytes)", "0 turns kept")


async def _talk(house: House, person_id: str, sound: bytes) -> str:
    for number in range(TURNS - 1):
        await house.ask(f"where is the {CANARY}", person_id=person_id if number % 2 else None)
    turn, _ = await house.ask(Pcm(data=sound), person_id=person_id)
    return turn.transcript
