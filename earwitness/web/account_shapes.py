"""The JSON of sign-ins, accounts, tokens and the first start as types, so that OpenAPI describes it. Shapes only."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from earwitness.domain.account import AccountRole, Scope
from earwitness.understand.first_answers import Act, Question
from earwitness.web.privacy_shapes import ConsentTextShape, DecisionShape, KeepingShape, KeptShape, PersonShape, Purposes

Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Secret = Annotated[str, Field(min_length=1, max_length=1000)]
Code = Annotated[str, Field(max_length=64)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Credentials(_Shape):
    """A name and its passphrase; and, where one is asked for, a code from the phone or a recovery code."""

    name: Name
    passphrase: Secret
    code: Code | None = None


class Confirmation(_Shape):
    passphrase: Secret
    code: Code | None = None


class CeremonyShape(_Shape):
    """A passkey ceremony that began: its id, and the options for `navigator.credentials`."""

    ceremony: str
    options: dict[str, Any]


class Answer(_Shape):
    """What a passkey answered, as `PublicKeyCredential.toJSON` gives it."""

    ceremony: Annotated[str, Field(max_length=64)]
    credential: dict[str, Any]


class EnteredShape(_Shape):
    """Who is signed in now."""

    name: str
    role: AccountRole


class SignedInShape(_Shape):
    signed_in: bool


class NewPasskey(Answer):
    name: Name


class PasskeyShape(_Shape):
    id: str
    name: str
    created_at: str
    used_at: str | None


class SecurityShape(_Shape):
    """How one signs in."""

    passkeys: list[PasskeyShape]
    passkeys_possible: bool
    """Whether browsers can use passkeys at the address of this request: they need a name, not a number."""
    code_on: bool
    recovery_left: int
    tokens_allowed: bool


class NewPassphrase(_Shape):
    passphrase: Secret


class JudgedPassphrase(_Shape):
    """A passphrase to be judged, and the name that it must not rest on."""

    passphrase: Secret
    name: Annotated[str, Field(max_length=200)] = ""


class VerdictShape(_Shape):
    """Whether a passphrase will do."""

    good: bool
    sentence: str


class CodeBegunShape(_Shape):
    """What an authenticator app is shown once: the key, as text and as a QR code (SVG in a data URI)."""

    secret: str
    uri: str
    qr: str


class FirstCode(_Shape):
    code: Code


class RecoveryShape(_Shape):
    """Recovery codes, shown this once."""

    recovery_codes: list[str]


class PlaceShape(_Shape):
    """One place where one is signed in."""

    id: str
    since: str
    seen: str
    until: str
    way: str
    program: str
    address: str
    here: bool


class PlacesShape(_Shape):
    sign_ins: list[PlaceShape]


class EndedShape(_Shape):
    ended: int
    """How many sign-ins."""


class LogEntryShape(_Shape):
    number: int
    at: str
    what: str
    detail: str
    address: str
    program: str


class LogShape(_Shape):
    entries: list[LogEntryShape]
    next_before: int | None


class NewToken(_Shape):
    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    days: Annotated[int, Field(ge=1, le=366)] = 90


class TokenShape(_Shape):
    id: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str
    used_at: str | None


class TokensShape(_Shape):
    tokens: list[TokenShape]
    scopes: list[Scope]
    """Those that this account may give."""


class MadeTokenShape(_Shape):
    token: TokenShape
    secret: str
    """Shown this once."""


class AccountShape(_Shape):
    """An account as those see it who run the home."""

    id: str
    name: str
    alias: str
    role: AccountRole
    guardian_id: str | None
    created_at: str
    suspended_at: str | None
    code_on: bool


class AccountsShape(_Shape):
    people: list[AccountShape]


class NewAccount(_Shape):
    name: Name
    passphrase: Secret
    role: AccountRole = AccountRole.ADULT
    guardian_id: Id | None = None


class AccountChange(_Shape):
    """What is left out stays as it is."""

    role: AccountRole | None = None
    guardian_id: Id | None = None
    """With the role of a child, or for one who has it."""
    suspended: bool | None = None


class WardShape(_Shape):
    """A child, as the guardian sees what may be kept of it."""

    person: PersonShape
    consents: dict[Purposes, DecisionShape | None]
    texts: list[ConsentTextShape]
    keeping: KeepingShape | None
    kept: KeptShape


class WardsShape(_Shape):
    wards: list[WardShape]


class SetupStateShape(_Shape):
    done: bool
    code_needed: bool
    """Whether this machine must show the setup code that the terminal of the server printed."""


class SetupCode(_Shape):
    code: Annotated[str, Field(min_length=1, max_length=64)]


class SetupPassShape(_Shape):
    setup_pass: str
    """Shown this once; it lasts half an hour."""


class PromiseShape(_Shape):
    title: str
    text: str


class ChoiceOfRoomShape(_Shape):
    name: str
    has_devices: bool


class ChoiceOfVoiceShape(_Shape):
    name: str
    description: str
    installed: bool


class SetupChoicesShape(_Shape):
    """What the first start begins with."""

    home: str
    areas: list[ChoiceOfRoomShape]
    wake_words: list[str]
    wake_word: str
    voices: list[ChoiceOfVoiceShape]
    voice: str
    promise: list[PromiseShape]
    questions: dict[Question, str]
    """What is asked where one is led through by voice."""
    typed: str
    """Said where nothing may be answered aloud."""


class ToBeSpoken(_Shape):
    voice: Annotated[str, Field(min_length=1, max_length=64)]
    text: Annotated[str, Field(min_length=1, max_length=800)]


class SpokenAnswerShape(_Shape):
    """What was understood of an answer that was spoken."""

    heard: str
    """The words, to be shown."""
    act: Act
    name: str
    """The home's, or that of a choice; else empty."""
    rooms: list[str]
    says: str
    """What to read back; empty where there is nothing to confirm."""


class OwnersName(_Shape):
    name: Name


class Setup(_Shape):
    """The first start: the owner, with a passphrase or a passkey, the home, and that one has read what is kept."""

    name: Name
    passphrase: Secret | None = None
    passkey: Answer | None = None
    home: Name
    areas: Annotated[list[Name], Field(max_length=100)]
    wake_words: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=2)]
    voice: Annotated[str, Field(min_length=1, max_length=64)]
    acknowledged: Literal[True]
    """That one has read or heard what is kept and who may listen."""
