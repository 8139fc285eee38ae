"""Confirmation by risk: what is done at once, what is said back or asked about first, what is refused. Pure.

Asked with an act, in what capacity somebody speaks, and the device that it is for. An owner changes it; the defaults are here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from earwitness.domain.account import AccountRole
from earwitness.domain.person import Person


class Act(StrEnum):
    """What can be confirmed."""

    LIGHT = "light"
    """Lights, switches, fans, scenes, blinds inside: what a hand on the wall does too."""
    CLIMATE = "climate"
    MUSIC = "music"
    LOCK = "lock"
    UNLOCK = "unlock"
    OPEN_WAY_IN = "open_way_in"
    """A garage, gate or door opened."""
    CLOSE_WAY_IN = "close_way_in"
    MESSAGE = "message"
    CALL = "call"
    EMERGENCY_CALL = "emergency_call"
    DELETE_EVERYTHING = "delete_everything"


class Speaker(StrEnum):
    """In what capacity somebody asks."""

    OWNER = "owner"
    ADULT = "adult"
    CHILD = "child"
    GUEST = "guest"
    UNKNOWN = "unknown"
    """A voice that nobody was recognised by, as at a satellite."""


class Confirmation(StrEnum):
    """What happens before an act."""

    NONE = "none"
    """It is done at once."""
    READ_BACK = "read_back"
    """What was understood is said back, names and words and all, and done after a yes."""
    ASK = "ask"
    """It is asked whether to do it, and done after a yes."""
    REFUSE = "refuse"
    """It is refused, politely."""


def least(act: Act) -> Confirmation | None:
    """The least that can be chosen for an act; None where anything can."""
    return _LEAST.get(act)


def speaker_of(person: Person | None) -> Speaker:
    """In what capacity somebody speaks; who only works here is a guest."""
    if person is None:
        return Speaker.UNKNOWN
    match person.role:
        case AccountRole.OWNER | AccountRole.ADULT | AccountRole.CHILD:
            return Speaker(person.role.value)
        case _:
            return Speaker.GUEST


_N, _R, _A, _X = Confirmation.NONE, Confirmation.READ_BACK, Confirmation.ASK, Confirmation.REFUSE
_TABLE: Final[Mapping[Act, tuple[Confirmation, Confirmation, Confirmation, Confirmation, Confirmation]]] = {
    #                        owner adult child guest unknown
    Act.LIGHT: (_N, _N, _N, _N, _N),
    Act.CLIMATE: (_N, _N, _N, _N, _N),
    Act.MUSIC: (_N, _N, _N, _N, _N),
    Act.LOCK: (_A, _A, _A, _A, _A),
    Act.UNLOCK: (_A, _A, _X, _X, _A),
    Act.OPEN_WAY_IN: (_A, _A, _X, _X, _A),
    Act.CLOSE_WAY_IN: (_A, _A, _A, _A, _A),
    Act.MESSAGE: (_R, _R, _R, _X, _R),
    Act.CALL: (_R, _R, _R, _X, _R),
    Act.EMERGENCY_CALL: (_A, _A, _A, _A, _A),
    Act.DELETE_EVERYTHING: (_A, _A, _A, _X, _X),
}
DEFAULTS: Final[Mapping[tuple[Act, Speaker], Confirmation]] = MappingProxyType(
    {(act, speaker): one for act, row in _TABLE.items() for speaker, one in zip(Speaker, row, strict=True)}
)
"""What holds until an owner says otherwise."""
_LEAST: Final[Mapping[Act, Confirmation]] = {Act.DELETE_EVERYTHING: Confirmation.ASK, Act.EMERGENCY_CALL: Confirmation.ASK}
"""Less than this nobody can choose: what is deleted is gone, and a call to the emergency services is not made by mishearing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom and what a rule is about; None for everybody, every device, every act. Of a person and a speaker at most one."""

    device_id: str | None = None
    act: Act | None = None
    speaker: Speaker | None = None
    person_id: str | None = None

    @property
    def closeness(self) -> int:
        """How closely it says whom: 0 for everybody, 1 for a kind of speaker, 2 for a person."""
        return 2 if self.person_id is not None else 1 if self.speaker is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationPolicy:
    """What an owner chose, over the defaults: by act and speaker, by device (for everybody or one kind of speaker), and by rules
    about one person, or one act with one device.

    The most specific rule holds, in this order: a device and an act for a person; a device for a person; the same two for a kind
    of speaker; the same two for everybody; an act for a person; an act for a kind of speaker; the default. But no rule lifts a
    refusal that says more closely whom: to let children in, a rule has to name them, and to let Tim in, Tim.
    """

    chosen: Mapping[tuple[Act, Speaker], Confirmation] = field(default_factory=dict)
    devices: Mapping[tuple[str, Speaker | None], Confirmation] = field(default_factory=dict)
    rules: Mapping[Subject, Confirmation] = field(default_factory=dict)

    def decide(self, act: Act, speaker: Speaker, *, device_id: str | None = None, person_id: str | None = None) -> Confirmation:
        """What happens before `act` of such a speaker, who is that person, with that device."""
        held, closeness = self.chosen.get((act, speaker), DEFAULTS[act, speaker]), 1
        for subject in _subjects(act, speaker, device_id=device_id, person_id=person_id):
            rule = self._rule(subject)
            if rule is not None and (held is not Confirmation.REFUSE or subject.closeness >= closeness):
                held, closeness = rule, subject.closeness
        if act in _LEAST and held in (Confirmation.NONE, Confirmation.READ_BACK):
            return _LEAST[act]
        return held

    def _rule(self, subject: Subject) -> Confirmation | None:
        if subject.device_id is not None and subject.act is None and subject.person_id is None:
            return self.devices.get((subject.device_id, subject.speaker))
        return self.rules.get(subject)


def _subjects(act: Act, speaker: Speaker, *, device_id: str | None, person_id: str | None) -> Iterator[Subject]:
    """What rules may be about, after the act of such a speaker, the least specific first."""
    if person_id is not None:
        yield Subject(act=act, person_id=person_id)
    if device_id is None:
        return
    yield Subject(device_id=device_id)
    yield Subject(device_id=device_id, act=act)
    yield Subject(device_id=device_id, speaker=speaker)
    yield Subject(device_id=device_id, act=act, speaker=speaker)
    if person_id is not None:
        yield Subject(device_id=device_id, person_id=person_id)
        yield Subject(device_id=device_id, act=act, person_id=person_id)
