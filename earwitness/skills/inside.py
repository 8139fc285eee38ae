"""Parts of the house that only its own skills use, because they cannot be fenced: Protocols, and what `build/` fills in."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from earwitness.domain.confirmation import ConfirmationPolicy
from earwitness.domain.contact import Contact
from earwitness.domain.errors import SkillError
from earwitness.domain.link import LinkRole
from earwitness.domain.person import Person
from earwitness.domain.satellite import Announcement, CallAnswer, Station
from earwitness.domain.skill import SkillManifest
from earwitness.domain.voice import Voice
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Lists
from earwitness.links.quiet import Quiets
from earwitness.links.switchboard import Serving
from earwitness.links.timers import Timers
from earwitness.ringing.shelf import RingSounds
from earwitness.skills.calendar_port import Calendar
from earwitness.skills.knowledge_port import Articles, Oracle, WeatherSource, WordBook
from earwitness.skills.last_change import LastChanges
from earwitness.skills.messages_port import PostOffice
from earwitness.skills.music_port import MusicPlayers, NoPlayers
from earwitness.skills.rephrasing_port import Rephrasing
from earwitness.skills.rights_port import Rights
from earwitness.skills.routine_running import RoutineRunner
from earwitness.skills.telephones_port import Telephones

DEADLINE_SECONDS = 1.9
"""How long a device may take: whoever asked hears within two seconds that it did not answer."""

FOR_ALL = frozenset(("new_id", "deadline_seconds", "routine_runner", "changes"))
"""What every skill of the house gets without asking."""


class Satellites(Protocol):
    """The satellites of the house. Used from one event loop."""

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every satellite, or at those of one room, `but` at one; says where it was confirmed."""
        ...

    def rings_plainly(self, *, area: str | None = None, device_id: str | None = None) -> tuple[Station, ...]:
        """Of the satellites at which an alert for that place rings, those that have a tone of their own alone."""
        ...

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        """Ring at the satellites of a room for the one that asked."""
        ...

    def answer(self, device_id: str) -> CallAnswer:
        """Take the call that rings at this satellite."""
        ...

    def hang_up(self, device_id: str) -> CallAnswer:
        """Leave the call that this satellite is in."""
        ...


class Links(Protocol):
    """The configured links. Used from one event loop."""

    def serving(self, role: LinkRole) -> tuple[Serving, ...]:
        """Those of a role, working or not; their status says how they stand. Cheap."""
        ...


class ContactBook(Protocol):
    """Whom people call and write to. Calls block on the disk."""

    def of(self, person_id: str | None) -> tuple[Contact, ...]:
        """Somebody's own contacts and the household's; the household's alone without a person. Raises StorageError."""
        ...


def random_id() -> str:
    """32 hexadecimal digits."""
    return uuid.uuid4().hex


def _no_runner() -> RoutineRunner:
    raise SkillError("This house runs no routines.", code="skill.failed")


class Customs(Protocol):
    """What the household wants to be usual. Calls block on the disk, and raise StorageError."""

    @property
    def has_family_jokes(self) -> bool:
        """Whether jokes are only such as children may hear."""
        ...

    def choose_jokes(self, *, is_family: bool) -> None:
        """Let jokes be only such as children may hear, or any."""
        ...

    def choose_alarm_sound(self, reference: str) -> None:
        """Let alarms that are set from now on ring so, where no sound is named."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """Without `rights` nothing of what people say can be kept, and sentences of privacy are refused; without `satellites`
    nothing is announced and nobody called; without `quiet` nobody can wish not to be disturbed."""

    alerts: Alerts
    timers: Timers
    lists: Lists
    calendar: Calendar | None = None
    rights: Rights | None = None
    satellites: Satellites | None = None
    quiet: Quiets | None = None
    sounds: RingSounds | None = None
    """What alarms may ring with; without, the usual tone alone."""
    routine_runner: Callable[[], RoutineRunner] = _no_runner
    """Who runs routines; it is there once the house is."""
    customs: Customs | None = None
    """What the household wants to be usual; without, nothing of it can be chosen."""
    relearn: Callable[[], None] = lambda: None
    """Let the house learn its sentences anew, soon."""
    people: Callable[[], Sequence[Person]] = tuple
    """Those who have an account."""
    voices: Callable[[], Sequence[Voice]] = tuple
    """The catalogue of voices."""
    manifests: Callable[[], Sequence[SkillManifest]] = tuple
    """What every skill says of itself."""
    dictionary: WordBook | None = None
    encyclopedia: Articles | None = None
    language_model: Oracle | None = None
    weather: WeatherSource | None = None
    rates_file: Path | None = None
    """Exchange rates that are newer than those that ship."""
    rephrasing: Rephrasing | None = None
    """Who is asked what is meant by what nothing here understands; without, nobody."""
    links: Links | None = None
    """The configured links that run."""
    contacts: ContactBook | None = None
    post: PostOffice | None = None
    """Messages; without, there are none."""
    telephones: Telephones | None = None
    """Calls with outside; without, rooms alone can be called."""
    music: MusicPlayers = field(default_factory=NoPlayers)
    """The players that know music by name."""
    policy: Callable[[], ConfirmationPolicy] = ConfirmationPolicy
    """What is confirmed before it is done."""
    new_id: Callable[[], str] = field(default=random_id)
    deadline_seconds: float = DEADLINE_SECONDS
    changes: LastChanges = field(default_factory=LastChanges)
    """What was last done to devices, from each place."""
