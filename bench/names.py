"""`make bench-names`: names as they are heard against names as they are written, and what our matching makes of it.

`--hear` makes the table anew (bench/names_heard.tsv): each name is said by two of our voices in a command, and what our
recognisers hear is noted beside it. Without it the table is read, and what was heard is looked for among all names of its kind.
"""

import argparse
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.page import machine, publish, table
from earwitness.config import models_folder
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.foreign.sound import at_rate
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.voices import VoiceCatalogue
from earwitness.understand.sounding import Named, matched

HEARD: Final = Path(__file__).with_name("names_heard.tsv")
VOICES: Final = ("heart", "emma")
PEOPLE: Final = (
    "Aoife Kelly, Anneliese Vogt, Bjorn Larsen, Caoimhe Byrne, Catherine, Katrin, Siobhan, Sinead, Niamh, Saoirse, "
    "Xavier, Joaquin, Javier, Jürgen, Jörg, Matthias, Matthew, Mathilde, Marta, Martha, Marit, Merete, Hannah, "
    "Anna, Anya, Tanya, Thanh, Nguyen, Phuong, Priya Sharma, Rajesh, Deepika, Aditya, Arjun, Mohammed, Mahmoud, "
    "Yusuf, Joseph, Josef, Giuseppe, Giulia, Julia, Juliet, Guillaume, Wilhelm, William, Wojciech, Agnieszka, "
    "Katarzyna, Zbigniew, Svetlana, Dmitri, Mikhail, Michael, Michelle, Mitchell, Rachel, Raquel, Stephen, Stefan, "
    "Stephanie, Sean, Shaun, Shawn, Jon, John, Joan, Jean, Gene, Geoff, Jeff, Geoffrey, Hugh, Hugo, Kieran, Ciaran, "
    "Karen, Carina, Karina, Kirsten, Kristin, Christine, Kristian, Dr Okonkwo, Aunt Marjorie, Uncle Bartholomew, "
    "Grandma, Granddad, Mum, Dad, the plumber, Mrs Abernathy, Mr O'Sullivan, Lukasz, Eszter, Esther, Ewa, Eva, Ava, "
    "Ida, Ada, Edda, Yvonne, Ivan, Ian, Ewan, Owen, Euan, Louise, Luis, Louis, Lewis, Elise, Alice, Alicia, "
    "Felicia, Philippa, Philip, Filip"
)
SONGS: Final = (
    "Bohemian Rhapsody, Clair de Lune, Für Elise, Despacito, La Vie en Rose, Gymnopédie No. 1, Carmina Burana, "
    "Eleanor Rigby, Norwegian Wood, Blackbird, Yesterday, Hey Jude, Here Comes the Sun, So What, Blue in Green, "
    "Take Five, Round Midnight, Autumn Leaves, Summertime, Volare, Bamboleo, Chan Chan, Guantanamera, Waka Waka, Ra "
    "Ra Rasputin, Nessun Dorma, Rock Me Amadeus"
)
DEVICES: Final = (
    "Hallway Pendant, Larder Light, Loft Fan, Utility Room Dehumidifier, Conservatory Blind, Snug Lamp, Study Lamp, "
    "Stair Lights, Porch Lantern, Greenhouse Heater, Aquarium Pump, Dresser Lamp, Desk Lamp, Media Wall, Boiler, "
    "Towel Rail, Patio Heater, Pergola Lights, Nursery Projector, Velux Window"
)
KINDS: Final = {"person": (PEOPLE, "Call {}."), "song": (SONGS, "Play {}."), "device": (DEVICES, "Turn on the {}.")}
BOOK: Final = 30
"""Names in an address book."""
OUTCOMES: Final = ("right", "asked", "asked wrongly", "wrong", "none")
_VERB: Final = re.compile(r"^(?:call(?:ed|s)?|cal|coal|play(?:ed|s)?|turn(?:ed)? on(?: the)?)[,.]?\s+", re.IGNORECASE)
STRANGERS: Final = (
    "Benedetta",
    "Oluwaseun",
    "Quentin",
    "Rosalind",
    "Thaddeus",
    "Wolfgang",
    "Zoltan",
    "Ulrike",
    "Fergus",
    "Pocahontas",
)
"""Names that nobody here has: what is heard of them should find nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One name as it was heard."""

    kind: str
    name: str
    voice: str
    engine: str
    text: str


def names_of(kind: str) -> list[str]:
    return [name.strip() for name in KINDS[kind][0].split(",")]


def main() -> None:
    """Make the table, or publish what our matching makes of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hear", action="store_true", help="say and hear all names anew")
    if parser.parse_args().hear:
        HEARD.write_text("".join(f"{line}\n" for line in _hear_all()), encoding="utf-8")
        return
    publish("names", f"{machine()}\n\n{_told(tries())}")


def read_table() -> list[Heard]:
    """The table as it was made; the verb, as far as it was heard, is taken off, as a sentence's grammar does."""
    rows = [line.split("\t") for line in HEARD.read_text(encoding="utf-8").splitlines() if line]
    return [
        Heard(kind=kind, name=name, voice=voice, engine=engine, text=_VERB.sub("", text))
        for kind, name, voice, engine, text in rows
    ]


def tries() -> dict[str, Counter[str]]:
    """What is made of every row, by kind: "right", "asked" (the right one among at most three), "asked wrongly", "wrong", "none".

    A person is looked for in three address books of 30 names, a stranger in six; songs and devices among all of their kind.
    """
    rng, people, found = random.Random(1), names_of("person"), dict[str, Counter[str]]()
    for row in read_table():
        if row.kind == "person":
            others = [name for name in people if name != row.name]
            books = [[*rng.sample(others, BOOK - 1), row.name] for _ in range(3)]
        elif row.kind == "stranger":
            books = [rng.sample(people, BOOK) for _ in range(6)]
        else:
            books = [names_of(row.kind)]
        found.setdefault(row.kind, Counter()).update(outcome(row, names=book) for book in books)
    return found


def outcome(row: Heard, *, names: Sequence[str]) -> str:
    """What is made of one row among these names."""
    found = matched(row.text, [Named(key=name, names=(name,)) for name in names])
    if found.best is not None:
        return "right" if found.best.key == row.name else "wrong"
    if found.near:
        return "asked" if any(one.key == row.name for one in found.near) else "asked wrongly"
    return "none"


def _told(found: Mapping[str, Counter[str]]) -> str:
    rows = read_table()
    lines = []
    for kind, counts in found.items():
        mine = [row for row in rows if row.kind == kind]
        written = sum(row.text.casefold() == row.name.casefold() for row in mine)
        shares = [f"{100 * counts[key] / counts.total():.1f} %" for key in OUTCOMES]
        lines.append([kind, str(len(mine)), str(written), str(counts.total()), *shares])
    head = [
        "names of",
        "heard",
        "as written",
        "looked for",
        "right",
        "asked, it among them",
        "asked, it not",
        "wrong",
        "nobody found",
    ]
    return table(head, lines)


def _hear_all() -> Iterator[str]:
    store = ModelStore(models_folder())
    voices, engines = VoiceCatalogue(store), (WhisperRecogniser(store, 2), MoonshineRecogniser(store, 2))
    wanted = [(kind, name, KINDS[kind][1]) for kind in KINDS for name in names_of(kind)]
    wanted += [("stranger", name, "Call {}.") for name in STRANGERS]
    for kind, name, sentence in wanted:
        for voice in VOICES:
            pieces = [at_rate(piece, RATE_HZ) for piece in voices.stream(sentence.format(name), voice=voice)]
            sound = Pcm(data=b"".join(piece.data for piece in pieces))
            for engine in engines:
                text = _name_in(engine.transcribe(sound).text, sentence)
                if text:
                    print(kind, name, voice, engine.name, text, flush=True)
                    yield "\t".join((kind, name, voice, engine.name, text))


def _name_in(transcript: str, sentence: str) -> str:
    """What was heard where the name was said."""
    words = " ".join(transcript.strip().rstrip(".!?").split())
    before = sentence.partition("{}")[0].strip()
    return re.sub(rf"^{before}\s+", "", words, flags=re.IGNORECASE).strip(" ,")


if __name__ == "__main__":
    main()
