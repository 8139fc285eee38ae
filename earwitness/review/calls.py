"""What the review service may ask the household: a closed table of calls, each with the types that go there and back. Pure.

A call is a frame (`protocol/frames.py`): its type is the call, `secret` the reviewer's whom it is for, its payload the rest as
JSON. The answer is a frame `told` with the result, or `refused` with one of the errors below; nothing else crosses.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from earwitness.domain.account import AccountRole, SignInWay
from earwitness.domain.errors import (
    AccessError,
    EarwitnessError,
    LedgerError,
    NetworkError,
    ReviewError,
    VaultError,
    WireError,
)
from earwitness.domain.review import Annotation
from earwitness.protocol.frames import Frame
from earwitness.review.agreement import Delivered
from earwitness.review.task_words import TaskWords

TOLD: Final = "told"
REFUSED: Final = "refused"
MOST_TASKS: Final = 500
"""In one answer; there may be more."""
MOST_SOUND_BYTES: Final = 64_000
"""In one answer: two seconds, each with an entry of its own in the ledger."""


class Call(StrEnum):
    """Everything that can be asked."""

    HELLO = "hello"
    """Where the household's key lies, if that is on this machine, so that whoever asks can make sure not to reach it."""
    ENTER = "enter"
    """A ticket for a visit."""
    VISIT = "visit"
    """Who a secret stands for now, and whether they may work."""
    LEAVE = "leave"
    TASKS = "tasks"
    """The tasks that may be judged now."""
    WORDS = "words"
    DELIVER = "deliver"
    DISPUTED = "disputed"
    """The words of a task and the judgements that do not agree, for a lead."""
    SOUND_LENGTH = "sound_length"
    """How much of a task there is to hear."""
    SOUND_PART = "sound_part"
    INTENTS = "intents"
    SUSPENDED = "suspended"
    """Tells who may not work, and why."""
    RENEW = "renew"
    """A new certificate for the service's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """No argument, no result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The household's key file, and its folder; empty over a network."""

    key_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a reviewer's browser brings from the household's page, and from what address it comes."""

    ticket: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """From what address a reviewer comes, as the service sees it."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Who is there: alias, role, how they signed in. `code` and `sentence` say why they may not work now, if they may not."""

    visit_id: str
    alias: str
    role: AccountRole
    way: SignInWay
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """A new visit: the secret goes to the reviewer's browser, and nowhere else."""

    secret: str
    visit: Stands


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """The tasks after this one, in the order of their ids; from the first for ""."""

    task_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Tasks that may be judged, each with its week."""

    tasks: tuple[tuple[str, str], ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTask:
    """Which task."""

    task_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A judgement of a task that is to have `of` of them."""

    task_id: str
    annotation: Annotation
    of: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes of a task's sound, from and up to; MOST_SOUND_BYTES at most."""

    task_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """What a lead decides about."""

    words: TaskWords
    judgements: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """Who is suspended: alias and reason, all of them."""

    reviewers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A certificate (PEM); while there is a successor of the household's authority, that and the voucher (base64) for it."""

    certificate: str
    successor: str = ""
    voucher: str = ""


TYPES: Final[dict[Call, tuple[TypeAdapter[Any], TypeAdapter[Any] | None]]] = {
    Call.HELLO: (TypeAdapter(Nothing), TypeAdapter(Hello)),
    Call.ENTER: (TypeAdapter(Ticket), TypeAdapter(Entered)),
    Call.VISIT: (TypeAdapter(Came), TypeAdapter(Stands)),
    Call.LEAVE: (TypeAdapter(Nothing), TypeAdapter(Nothing)),
    Call.TASKS: (TypeAdapter(After), TypeAdapter(Tasks)),
    Call.WORDS: (TypeAdapter(OfTask), TypeAdapter(TaskWords)),
    Call.DELIVER: (TypeAdapter(Judged), TypeAdapter(Delivered)),
    Call.DISPUTED: (TypeAdapter(OfTask), TypeAdapter(Disputed)),
    Call.SOUND_LENGTH: (TypeAdapter(OfTask), TypeAdapter(int | None)),
    Call.SOUND_PART: (TypeAdapter(Part), None),
    Call.INTENTS: (TypeAdapter(Nothing), TypeAdapter(tuple[str, ...])),
    Call.SUSPENDED: (TypeAdapter(Suspended), TypeAdapter(Nothing)),
    Call.RENEW: (TypeAdapter(Nothing), TypeAdapter(Renewed)),
}
"""What each call takes and gives, None for plain bytes. A new one is a line here, one in `Counter` and one in `HouseholdAfar`."""
SAID: Final[dict[str, type[EarwitnessError]]] = {"review": ReviewError, "access": AccessError}
"""Errors whose sentence is for reviewers; it names nobody."""
AWAY: Final = {"ledger": LedgerError, "vault": VaultError}
"""Errors of which the kind is told and not the sentence, which may name places of the household."""
_NOT_NOW: Final = "The household cannot answer that now; come back later."


def asked(call: Call, value: object, *, secret: str = "") -> Frame:
    """A call as a frame."""
    return Frame(call.value, {"secret": secret} if secret else {}, payload=TYPES[call][0].dump_json(value))


def read_asked(frame: Frame) -> tuple[Call, str, Any]:
    """The call, the secret and the argument of a frame. Raises WireError (wire.unexpected) for all that is not in the table."""
    secret = frame.fields.get("secret", "")
    if frame.kind not in set(Call) or not frame.fields.keys() <= {"secret"} or not isinstance(secret, str) or len(secret) > 64:
        raise WireError("The review service may not ask that.", code="wire.unexpected")
    call = Call(frame.kind)
    return call, secret, _read(TYPES[call][0], frame.payload)


def told(call: Call, value: object) -> Frame:
    """An answer as a frame."""
    adapter = TYPES[call][1]
    if adapter is not None:
        return Frame(TOLD, payload=adapter.dump_json(value))
    assert isinstance(value, bytes)
    return Frame(TOLD, payload=value)


def refused(error: EarwitnessError) -> Frame:
    """An error as a frame: with its sentence if that is for reviewers, else with its kind alone."""
    kind = next((name for name, one in {**SAID, **AWAY}.items() if isinstance(error, one)), "")
    sentence = error.sentence if kind in SAID else _NOT_NOW
    return Frame(REFUSED, {"kind": kind, "code": error.code if kind in SAID else "", "sentence": sentence})


def read_told(call: Call, frame: Frame) -> Any:
    """The result of a call. Raises the error that came instead, WireError for anything else."""
    if frame.kind == TOLD and not frame.fields:
        adapter = TYPES[call][1]
        return frame.payload if adapter is None else _read(adapter, frame.payload)
    values = [frame.fields.get(name) for name in ("kind", "code", "sentence")]
    if frame.kind != REFUSED or not all(isinstance(value, str) and len(value) <= 1000 for value in values):
        raise WireError("The household answered with nonsense.", code="wire.unexpected")
    kind, code, sentence = map(str, values)
    if (error := SAID.get(kind)) is not None:
        raise error(sentence, code=code)
    if (error := AWAY.get(kind)) is not None:
        raise error(_NOT_NOW)
    raise NetworkError(_NOT_NOW, code="network.no_answer")


def _read(adapter: TypeAdapter[Any], payload: bytes) -> Any:
    try:
        return adapter.validate_json(payload)
    except ValidationError as error:
        raise WireError("A call or its answer is not as the table of calls says.", code="wire.unexpected") from error
