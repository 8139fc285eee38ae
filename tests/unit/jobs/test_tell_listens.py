"""Who is here is told when somebody else listened, once, and only they."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role
from earwitness.jobs.tell_listens import TellListens

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
READ = Read(
    read_id="1" * 32,
    person_id="anna",
    turn_id="2" * 32,
    actor=Actor(actor_id="r", alias="calm-otter-1234", role=Role.REVIEWER),
    purpose=ReadPurpose.REVIEW,
    medium=Medium.AUDIO,
    recordings=1,
    opened_at=NOW + timedelta(seconds=1),
    opened_position=3,
    result=ReadResult.SERVED,
)


def person(person_id: str, *, is_told_aloud: bool = False) -> Person:
    return Person(
        person_id=person_id,
        name=person_id.title(),
        alias="warm-wren-1111",
        created_at=NOW,
        restricted_at=None,
        saw_listens_at=NOW,
        is_told_aloud=is_told_aloud,
    )


@dataclass
class Page:
    person: Person | None
    told: list[tuple[str, bool]] = field(default_factory=list)

    def notice(self, text: str, *, is_aloud: bool) -> None:
        self.told.append((text, is_aloud))


@dataclass
class Record:
    """Reads on record, as the vault keeps them."""

    reads: list[Read] = field(default_factory=list)

    def news(self, *, since: datetime) -> tuple[Read, ...]:
        return tuple(read for read in self.reads if read.opened_at > since)


def test_a_listen_is_told_once_to_the_person_who_was_heard() -> None:
    anna, loud, ben, guest = Page(person("anna")), Page(person("anna", is_told_aloud=True)), Page(person("ben")), Page(None)
    record = Record()
    job = TellListens(record, sessions=lambda: [anna, loud, ben, guest], clock=lambda: NOW)
    job.tell(job.look())
    record.reads.append(READ)
    job.tell(job.look())
    job.tell(job.look())
    assert anna.told == [("Somebody opened one of your recordings: calm-otter-1234, a reviewer, for review.", False)]
    assert loud.told == [(anna.told[0][0], True)]
    assert ben.told == []
    assert guest.told == []


def test_while_nobody_wants_to_be_disturbed_it_is_shown_and_said_afterwards() -> None:
    loud, silent = Page(person("anna", is_told_aloud=True)), Page(person("anna"))
    record = Record()
    job = TellListens(record, sessions=lambda: [loud, silent], clock=lambda: NOW)
    record.reads.append(READ)
    job.tell(job.look(), is_quiet=True)
    job.tell(job.look(), is_quiet=True)
    assert [is_aloud for _, is_aloud in loud.told] == [False]
    for _ in range(2):
        job.tell(job.look(), is_quiet=False)
    assert [is_aloud for _, is_aloud in loud.told] == [False, True]
    assert [is_aloud for _, is_aloud in silent.told] == [False]


def test_a_refused_attempt_and_a_look_through_many_are_told_as_such() -> None:
    page = Page(person("anna"))
    refused = replace(READ, result=ReadResult.REFUSED)
    record = Record([refused, replace(READ, recordings=7, opened_at=NOW + timedelta(seconds=2))])
    job = TellListens(record, sessions=lambda: [page], clock=lambda: NOW)
    job.tell(job.look())
    assert [text for text, _ in page.told] == [
        "Somebody tried to open your recordings and was refused: calm-otter-1234, a reviewer.",
        "Somebody opened 7 of your recordings: calm-otter-1234, a reviewer, for review.",
    ]
