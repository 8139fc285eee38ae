"""What is said to try each skill by speech, and how to see that it was done. A new skill needs an entry here."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from earwitness import links
from earwitness.build import House
from earwitness.domain.alert import Alert, AlertKind, AtWallTime, Place, Recurring
from earwitness.domain.audio import Pcm
from earwitness.domain.confirmation import Act, Confirmation, Speaker
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.domain.quiet import Quiet
from earwitness.domain.recording import Selection
from earwitness.domain.routine import OnPhrase, Routine
from earwitness.domain.satellite import Station
from earwitness.domain.turn import Outcome, Turn
from earwitness.skills import jokes, mute
from earwitness.skills.corrections import NOT_CALLED
from earwitness.turn.once import AttentiveDevice, answer
from tests.unit.server.test_satellites import Seated

MOVIE_TIME: Final = Routine(
    routine_id="a" * 32,
    trigger=OnPhrase(phrase="movie time"),
    steps=("turn off the kitchen light", "turn on the desk lamp"),
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
)
PASSPHRASE: Final = "a passphrase, long enough"
FAN_MODES: Final = "auto\nsleep\nquiet"
VACUUM: Final = "  - {name: Dusty, type: vacuum, area: hallway, state: docked}\n"


def furnished() -> str:
    """The demonstration home's file, with what a skill needs and it has not: a robot that vacuums."""
    text = (Path(links.__file__).parent / "demo_home.yaml").read_text(encoding="utf-8")
    return text.replace("\nlists:", f"{VACUUM}\nlists:", 1)


@dataclass
class Trial:
    """One house with Anna in it, and a satellite in the kitchen and one in the hallway while somebody speaks."""

    house: House
    person_id: str = field(init=False)
    kitchen: Seated = field(default_factory=Seated)

    def __post_init__(self) -> None:
        self.house.routines.add(MOVIE_TIME)
        self.person_id = self.house.people.add("Anna", passphrase=PASSPHRASE).person_id

    async def ask(self, sound: Pcm) -> Turn:
        """A turn by Anna."""
        with self._satellites():
            turn, _ = await self.house.ask(sound, person_id=self.person_id)
        return turn

    async def ask_in_hallway(self, sound: Pcm) -> Turn:
        """A turn by somebody at the satellite in the hallway."""
        device = AttentiveDevice()
        with self._satellites():
            conversation = self.house.assistant.converse(device, is_hands_free=False, area="hallway", device_id="hallway")
            return await answer(sound, conversation=conversation, device=device)

    @contextmanager
    def _satellites(self) -> Iterator[None]:
        seated = {"kitchen": self.kitchen, "hallway": Seated()}
        self.kitchen.conversation.said.clear()
        for name, session in seated.items():
            self.house.satellites.join(Station(device_id=name, name=name, area=name), session)  # type: ignore[arg-type]
        try:
            yield
        finally:
            for name, session in seated.items():
                self.house.satellites.leave(name, session)  # type: ignore[arg-type]

    async def put(self, name: str, *, state: str | None = None, **attributes: SlotValue) -> None:
        """Bring a device of the home into a state."""
        await self.house.link.apply(self.device(name).device_id, state=state, attributes=attributes)

    def device(self, name: str) -> Device:
        return next(one for one in self.house.link.snapshot().devices if one.name == name)

    def alert(self, kind: AlertKind) -> Alert | None:
        """The only alert of a kind."""
        found = [one for one in self.house.household_alerts.all() if one.kind is kind]
        return found[0] if len(found) == 1 else None

    def items(self) -> list[str]:
        return [item.text.casefold() for item in self.house.lists.items("shopping list") if not item.is_complete]


Prepare = Callable[[Trial], Awaitable[None]]
Check = Callable[[Trial, Turn], Awaitable[bool]]


async def without_alerts(trial: Trial) -> None:
    """What one voice set is not there for the next."""
    trial.house.household_alerts.remove([one.alert_id for one in trial.house.household_alerts.all()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A sentence of a skill; `prepare` makes that what it asks for is not so yet, `is_done` looks."""

    skill: str
    sentence: str
    is_done: Check
    prepare: Prepare = without_alerts
    is_in_hallway: bool = False


SPOKEN: Final[list[Spoken]] = []


def tries(
    skill: str, sentence: str, *, prepare: Prepare = without_alerts, is_in_hallway: bool = False
) -> Callable[[Check], Check]:
    """Register a sentence with what sees that it was done."""

    def register(check: Check) -> Check:
        SPOKEN.append(Spoken(skill=skill, sentence=sentence, is_done=check, prepare=prepare, is_in_hallway=is_in_hallway))
        return check

    return register


def put(name: str, *, state: str | None = None, **attributes: SlotValue) -> Prepare:
    """Bring a device into a state beforehand."""

    async def prepare(trial: Trial) -> None:
        await trial.put(name, state=state, **attributes)

    return prepare


@tries("alarms", "Set an alarm for 6:45 AM every weekday.")
async def alarm(trial: Trial, turn: Turn) -> bool:
    found = trial.alert(AlertKind.ALARM)
    if found is None or not isinstance(found.rule, Recurring):
        return False
    return f"{found.rule.start:%H:%M}" == "06:45" and "BYDAY=MO,TU,WE,TH,FR" in found.rule.rule


@tries("alarms", "Wake me softly at seven in the morning with birds.")
async def soft_alarm(trial: Trial, turn: Turn) -> bool:
    found = trial.alert(AlertKind.ALARM)
    if found is None or not isinstance(found.rule, AtWallTime):
        return False
    return (found.sound, found.is_rising, f"{found.rule.local:%H:%M}") == ("birds", True, "07:00")


@tries("announcements", "Announce that dinner is ready.")
async def announcement(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and "Dinner is ready." in trial.kitchen.conversation.said


@tries("answers", "Where does my data go?")
async def small_talk(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.ANSWERED and turn.reply.startswith("Nowhere.")


@tries("assistant", "What can you do?")
async def assistant(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.ANSWERED and turn.reply.startswith("You can say")


async def without_events(trial: Trial) -> None:
    for event in await _events(trial):
        await trial.house.calendar.remove_event(event)


async def _events(trial: Trial) -> list[str]:
    now = trial.house.clock()
    return [one.event_id for one in await trial.house.calendar.events(now - timedelta(days=1), now + timedelta(days=30))]


@tries("calendar", "Add lunch with Bob on Friday at noon to my calendar.", prepare=without_events)
async def calendar(trial: Trial, turn: Turn) -> bool:
    now = trial.house.clock()
    found = await trial.house.calendar.events(now, now + timedelta(days=8))
    told = [(one.summary.casefold(), f"{one.starts:%A %H:%M}") for one in found]
    return turn.outcome is Outcome.DONE and told == [("lunch with bob", "Friday 12:00")]


@tries("climate", "Set the thermostat to twenty two degrees.", prepare=put("thermostat", temperature=20))
async def climate(trial: Trial, turn: Turn) -> bool:
    return trial.device("thermostat").attributes["temperature"] == 22


@tries("clock", "What time is it?")
async def clock(trial: Trial, turn: Turn) -> bool:
    now = trial.house.clock()
    hours = [f"{at.hour % 12 or 12}" + (f":{at:%M}" if at.minute else "") for at in (now, now - timedelta(minutes=1))]
    return any(turn.reply.startswith(f"It is {hour} ") for hour in hours)


@tries("devices", "Turn on the coffee machine.", prepare=put("coffee machine", state="off"))
async def device(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and trial.device("coffee machine").state == "on"


@tries("calls", "Call the kitchen.", is_in_hallway=True)
async def call(trial: Trial, turn: Turn) -> bool:
    return turn.reply == "Calling the kitchen." and "call: A call from the hallway." in trial.kitchen.conversation.said


@tries("fans", "Set the bedroom fan to sleep mode.", prepare=put("bedroom fan", preset_mode="auto", preset_modes=FAN_MODES))
async def fan_mode(trial: Trial, turn: Turn) -> bool:
    return trial.device("bedroom fan").attributes["preset_mode"] == "sleep"


@tries("robots", "Start the vacuum.", prepare=put("Dusty", state="docked"))
async def vacuum(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and trial.device("Dusty").state == "cleaning"


@tries("jokes", "Tell me a joke.")
async def joke(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.ANSWERED and turn.reply in jokes.family()


@tries("lights", "Set the kitchen light to thirty percent.", prepare=put("kitchen light", state="on", brightness=100))
async def light(trial: Trial, turn: Turn) -> bool:
    return trial.device("kitchen light").attributes["brightness"] == 30


async def without_items(trial: Trial) -> None:
    trial.house.lists.remove([item.item_id for item in trial.house.lists.items("shopping list")])


@tries("lists", "Add apples to the shopping list.", prepare=without_items)
async def on_a_list(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and trial.items() == ["apples"]


@tries("media", "Pause the music.", prepare=put("speaker", state="playing"))
async def media(trial: Trial, turn: Turn) -> bool:
    return trial.device("speaker").state == "paused"


@tries("mute", "Stop listening.")
async def muted(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and turn.reply == mute.REPLY


@tries("nevermind", "Never mind.")
async def never_mind(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.CANCELLED and turn.intent is not None


async def with_keeping(trial: Trial) -> None:
    trial.house.consents.decide(trial.person_id, Purpose.KEEP, is_given=True, way=Way.PAGE)


@tries("privacy", "Stop keeping my recordings.", prepare=with_keeping)
async def privacy(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and trial.house.consents.keeping(trial.person_id) is None


async def with_a_turn_kept(trial: Trial) -> None:
    await with_keeping(trial)
    await trial.house.ask("what time is it", person_id=trial.person_id)


@tries("corrections", "I was not talking to you.", prepare=with_a_turn_kept)
async def correction(trial: Trial, turn: Turn) -> bool:
    trial.house.consents.decide(trial.person_id, Purpose.KEEP, is_given=False, way=Way.PAGE)
    trial.house.rights.erase_said(trial.person_id, Selection(is_all=True))
    return turn.outcome is Outcome.DONE and turn.reply == NOT_CALLED


@tries("questions", "What is seventeen times twenty three?")
async def question(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.ANSWERED and "391" in turn.reply


async def undisturbed(trial: Trial) -> None:
    trial.house.quiet.end(Quiet())


@tries("quiet", "Do not disturb me for two hours.", prepare=undisturbed)
async def do_not_disturb(trial: Trial, turn: Turn) -> bool:
    found, now = trial.house.quiet.in_force(), trial.house.clock()
    trial.house.quiet.end(Quiet())
    return len(found) == 1 and found[0].until is not None and 7100 < (found[0].until - now).total_seconds() <= 7200


@tries("reminders", "Remind me in two hours to call Bob.")
async def reminder(trial: Trial, turn: Turn) -> bool:
    found, wanted = trial.alert(AlertKind.REMINDER), trial.house.clock() + timedelta(hours=2)
    if found is None or found.due_at is None or "call bob" not in f"{found.name} {found.text}".casefold():
        return False
    return timedelta() <= wanted - found.due_at < timedelta(minutes=1)


@tries("routines", "Movie time.", prepare=put("desk lamp", state="off"))
async def routine(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and (trial.device("desk lamp").state, trial.device("kitchen light").state) == (
        "on",
        "off",
    )


@tries("state", "Is the front door locked?", prepare=put("front door", state="locked"))
async def state(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.ANSWERED and turn.reply.startswith("Yes")


@tries("timers", "Set a timer for ten minutes in the kitchen.")
async def timer(trial: Trial, turn: Turn) -> bool:
    found = [(one.total_seconds, one.place, (one.area or "").casefold()) for one in trial.house.timers.all()]
    return turn.outcome is Outcome.DONE and set(found) == {(600, Place.ROOM, "kitchen")}


async def with_ben(trial: Trial) -> None:
    """Somebody to leave a message for, whose inbox is empty, and who writes is not asked first."""
    people, box = trial.house.people, trial.house.message_box
    found = [one for one in people.all() if one.name == "Ben"] or [people.add("Ben", passphrase=PASSPHRASE)]
    box.remove([one.message_id for one in (*box.of(found[0].person_id), *box.of(trial.person_id))])
    for speaker in (Speaker.OWNER, Speaker.ADULT):
        trial.house.confirmations.choose(Act.MESSAGE, speaker, Confirmation.NONE)


@tries("messages", "Leave a message for Ben saying the plumber comes at ten.", prepare=with_ben)
async def message(trial: Trial, turn: Turn) -> bool:
    ben = next(one for one in trial.house.people.all() if one.name == "Ben")
    found = [one.text or "" for one in trial.house.message_box.unread(ben.person_id)]
    return turn.outcome is Outcome.DONE and len(found) == 1 and "plumber comes at" in found[0]


@tries("music", "What song is this?", prepare=put("speaker", state="playing"))
async def what_song(trial: Trial, turn: Turn) -> bool:
    title = trial.device("speaker").attributes.get("media_title")
    return turn.outcome is Outcome.ANSWERED and turn.reply == f"This is {title}."


async def switched_on(trial: Trial) -> None:
    """The coffee machine was off, and somebody had it switched on."""
    await trial.put("coffee machine", state="off")
    await trial.house.ask("turn on the coffee machine", person_id=trial.person_id)


@tries("undo", "Undo that.", prepare=switched_on)
async def undone(trial: Trial, turn: Turn) -> bool:
    return turn.outcome is Outcome.DONE and trial.device("coffee machine").state == "off"
