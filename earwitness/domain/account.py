"""Accounts: in what capacity somebody is here, and what each may do. Rules only; `server` enforces them at every route."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AccountRole(StrEnum):
    """In what capacity somebody signs in; one per account."""

    OWNER = "owner"
    """Who set the home up; there is always one."""
    ADULT = "adult"
    CHILD = "child"
    """A guardian decides about what is kept of a child."""
    GUEST = "guest"
    """May talk, and nothing is kept."""
    REVIEWER = "reviewer"
    LEAD = "lead"
    PRIVACY_OFFICER = "privacy_officer"
    COUNSEL = "counsel"
    ADMINISTRATOR = "administrator"
    """Runs the machine of an operator; hears and reads nothing of anybody."""


class Permission(StrEnum):
    """What a route or an act asks for."""

    ACCOUNT = "account"
    """One's own account: sign-ins, passkeys, log."""
    TALK = "talk"
    """Speak and type requests; see the home."""
    OWN_DATA = "own_data"
    """One's own history, consents, exports."""
    WARDS = "wards"
    """Decide for the children whose guardian one is."""
    PEOPLE = "people"
    """Add, change and remove accounts."""
    DEVICES = "devices"
    """Pair, name, mute and revoke satellites."""
    HOUSEHOLD = "household"
    """The home's name, rooms, wake word and voice; switch skills of others off."""
    SKILLS = "skills"
    """Let a skill of others into the home."""
    REMOTE = "remote"
    """Let phones in from elsewhere."""
    CONTACTS = "contacts"
    """Change contacts: one's own, those of one's children, the household's."""
    TOKENS = "tokens"
    """Make tokens for automation."""
    REVIEW = "review"
    LEAD_REVIEW = "lead_review"
    OVERSEE = "oversee"
    """See the ledger, consents in numbers, conduct; as a privacy officer does."""
    APPROVE = "approve"
    """Decide, as somebody else than who proposed it, on the terms of review and on breaking the glass."""
    DEMANDS = "demands"
    """Legal demands; of an owner where there is neither counsel nor a privacy officer."""


_EVERYBODY: Final = frozenset({Permission.ACCOUNT})
_LIVES_HERE: Final = _EVERYBODY | {Permission.TALK, Permission.OWN_DATA}
_ADULT: Final = _LIVES_HERE | {Permission.WARDS, Permission.TOKENS, Permission.CONTACTS}
_RUNS_IT: Final = frozenset({Permission.PEOPLE, Permission.DEVICES, Permission.HOUSEHOLD, Permission.REMOTE, Permission.TOKENS})

PERMISSIONS: Final[Mapping[AccountRole, frozenset[Permission]]] = {
    AccountRole.OWNER: _ADULT | _RUNS_IT | {Permission.SKILLS, Permission.DEMANDS, Permission.APPROVE},
    AccountRole.ADULT: _ADULT,
    AccountRole.CHILD: _LIVES_HERE,
    AccountRole.GUEST: _EVERYBODY | {Permission.TALK},
    AccountRole.REVIEWER: _EVERYBODY | {Permission.REVIEW},
    AccountRole.LEAD: _EVERYBODY | {Permission.REVIEW, Permission.LEAD_REVIEW},
    AccountRole.PRIVACY_OFFICER: _EVERYBODY | {Permission.OVERSEE, Permission.APPROVE, Permission.DEMANDS},
    AccountRole.COUNSEL: _EVERYBODY | {Permission.DEMANDS},
    AccountRole.ADMINISTRATOR: _EVERYBODY | _RUNS_IT | {Permission.APPROVE},
}


class Scope(StrEnum):
    """What a token for automation may do; never more than its owner, and never anything about the account itself."""

    TALK = "talk"
    HOME = "home"
    """See the home, change nothing."""
    HISTORY = "history"
    """Read one's own history and who listened."""
    DEVICES = "devices"


SCOPES: Final[Mapping[Scope, Permission]] = {
    Scope.TALK: Permission.TALK,
    Scope.HOME: Permission.TALK,
    Scope.HISTORY: Permission.OWN_DATA,
    Scope.DEVICES: Permission.DEVICES,
}
"""The permission that a token's owner must have for a scope."""

LIVES_HERE: Final = frozenset({AccountRole.OWNER, AccountRole.ADULT, AccountRole.CHILD})
"""Whose turns may be kept, with consent; of everybody else nothing ever is."""
GUARDIANS: Final = frozenset({AccountRole.OWNER, AccountRole.ADULT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from: an address (empty for the machine itself) and a short name of the program."""

    address: str = ""
    program: str = ""


HERE: Final = Origin(program="terminal")
"""The machine itself."""


class SignInWay(StrEnum):
    """How somebody showed who they are."""

    PASSPHRASE = "passphrase"  # noqa: S105  (no secret)
    CODE = "passphrase and code"
    RECOVERY = "passphrase and recovery code"
    PASSKEY = "passkey"
    SETUP = "setup"
    INVITATION = "invitation"


class AccountEvent(StrEnum):
    """What an account's own log can say."""

    CREATED = "created"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_DELAYED = "sign_in_delayed"
    """A try that was refused unseen because there were too many."""
    CONFIRMED = "confirmed"
    """Somebody who was signed in showed again who they are."""
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_ONE = "signed_out_one"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    PASSPHRASE_CHANGED = "passphrase_changed"  # noqa: S105
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    """A passkey whose count of uses went back was refused: somebody may hold a copy."""
    CODE_TURNED_ON = "code_turned_on"
    CODE_TURNED_OFF = "code_turned_off"
    RECOVERY_RENEWED = "recovery_renewed"
    RECOVERY_USED = "recovery_used"
    ROLE_CHANGED = "role_changed"
    GUARDIAN_CHANGED = "guardian_changed"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    TOKEN_MADE = "token_made"  # noqa: S105  (no secret)
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    INVITATION_MADE = "invitation_made"
    INVITATION_REVOKED = "invitation_revoked"
    INVITATION_USED = "invitation_used"
    """Somebody made an account by this person's invitation; the detail is the name that they chose."""
    PHONE_ADDED = "phone_added"
    """A phone may come in from elsewhere."""
    PHONE_REVOKED = "phone_revoked"
    HOUSEHOLD_CHANGED = "household_changed"
    """The home's name, rooms, wake word, voice or time zone."""
    SKILL_ENABLED = "skill_enabled"
    SKILL_DISABLED = "skill_disabled"
    LINK_ADDED = "link_added"
    """Something outside was connected; the detail is the link's name."""
    LINK_CHANGED = "link_changed"
    LINK_REMOVED = "link_removed"
    CONTACTS_TAKEN = "contacts_taken"
    """Contacts were handed out, as a file."""
    CONFIRMATIONS_CHANGED = "confirmations_changed"
    """What is confirmed before it is done."""
    RESET = "reset"
    """Somebody at the machine itself gave the account a new passphrase and removed everything else that signs in."""
