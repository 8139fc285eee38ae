"""What the words of a slot mean here: a device or room of this home, one of a list's values, a number, or the words themselves.
Pure.
"""

from collections.abc import Mapping

from hassil.expression import Expression, Sentence
from hassil.intents import RangeSlotList, SlotList, TextSlotList, WildcardSlotList
from hassil.sample import sample_expression

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import SlotValue
from earwitness.understand.learned.frames import Frame, Slot
from earwitness.understand.learned.numbers import number_in
from earwitness.understand.names import area_sayings, device_sayings, floor_sayings, list_sayings
from earwitness.understand.sounding import Named, matched

_MOST_ALIKE = 60
"""Names that are compared by sound; those that begin alike come first."""
_HOME_LISTS = frozenset(("name", "area", "floor"))
_KINDS = frozenset(
    (
        *("light", "lights", "lamp", "lamps", "lighting", "fan", "fans", "lock", "locks", "door", "doors", "window", "windows"),
        *(
            "blind",
            "blinds",
            "curtains",
            "shades",
            "shutters",
            "switch",
            "switches",
            "thermostat",
            "heating",
            "temperature",
            "it",
        ),
        *(
            "that",
            "this",
            "them",
            "everything",
            "all",
            "house",
            "home",
            "list",
            "the house",
            "room",
            "the room",
            "music",
            "volume",
        ),
    )
)
"""Words for kinds of things, which are no names."""


class Filling:
    """Slots for one home."""

    def __init__(self, home: Home) -> None:
        self._devices = device_sayings(home)
        self._lists = list_sayings(home)
        self._places = {"area": area_sayings(home), "floor": floor_sayings(home)}

    def value(self, slot: Slot, words: str, *, frame: Frame) -> SlotValue | None:
        """What the words of a slot stand for; None when they stand for nothing known."""
        if slot.list_names & _HOME_LISTS:
            return self._named(slot.name, words, frame=frame)
        for known in slot.lists:
            found = _listed(known, words)
            if found is not None:
                return found
        return None

    def _named(self, slot: str, words: str, *, frame: Frame) -> str | None:
        said = _bare(words)
        if slot in self._places:
            sayings = self._places[slot]
            return sayings.get(said) or _alike(said, sayings)
        if said in _KINDS:
            return None
        if "todo" in frame.domains:
            named = _bare(said.removesuffix("list").removesuffix("lists"))
            return self._lists.get(said) or self._lists.get(named) or _alike(named, self._lists)
        return self._device(said, frame.domains)

    def _device(self, said: str, domains: frozenset[str]) -> str | None:
        for device in self._devices.get(said, ()):
            if _fits(device, domains):
                return device.name
        sayings = {saying: found[0].name for saying, found in self._devices.items() if _fits(found[0], domains)}
        return _alike(said, sayings)


def is_kind(words: str) -> bool:
    """Whether words are no name but a kind of thing ("the lights")."""
    return _bare(words) in _KINDS


def _fits(device: Device, domains: frozenset[str]) -> bool:
    return not domains or device.domain in domains


def _bare(words: str) -> str:
    lower = words.lower().strip()
    for article in ("the ", "my ", "our ", "all ", "a "):
        lower = lower.removeprefix(article)
    return lower.strip()


def _alike(said: str, sayings: Mapping[str, str]) -> str | None:
    """The name that clearly sounds like what was said."""
    near = [saying for saying in sayings if saying[:1] == said[:1]] or list(sayings)
    near.sort(key=lambda saying: (abs(len(saying) - len(said)), saying))
    names: dict[str, tuple[str, ...]] = {}
    for saying in near[:_MOST_ALIKE]:
        names[sayings[saying]] = (*names.get(sayings[saying], ()), saying)
    best = matched(said, [Named(key=name, names=every) for name, every in names.items()]).best
    return None if best is None else best.key


def _listed(known: SlotList, words: str) -> SlotValue | None:
    if isinstance(known, WildcardSlotList):
        return words.strip() or None
    if isinstance(known, RangeSlotList):
        number = number_in(words)
        return number if number is not None and known.start <= number <= known.stop else None
    if isinstance(known, TextSlotList):
        values = _values(known)
        lower = words.lower().strip()
        return values.get(lower, values.get(_bare(lower)))
    return None


_SAID: dict[int, tuple[TextSlotList, dict[str, SlotValue]]] = {}


def _values(known: TextSlotList) -> dict[str, SlotValue]:
    """What may be said for each value of a list; the lists are those of the sentences, which live as long as the process."""
    kept = _SAID.get(id(known))
    if kept is None or kept[0] is not known:
        said: dict[str, SlotValue] = {}
        for value in known.values:
            for text in _texts(value.text_in):
                said.setdefault(" ".join(text.lower().split()), value.value_out)
        kept = _SAID[id(known)] = (known, said)
    return kept[1]


def _texts(node: Expression) -> list[str]:
    expression = node.expression if isinstance(node, Sentence) else node
    return list(sample_expression(expression))
