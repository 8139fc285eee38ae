"""Who may open what, and why: the rules of the one door. Pure; the facts come as arguments."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Protocol

from earwitness.domain.consent import Purpose
from earwitness.domain.errors import AccessError
from earwitness.domain.recording import Actor, Medium, ReadPurpose, Role


class Consents(Protocol):
    """What the door must know of the people whose recordings it guards."""

    def has_consent(self, person_id: str, purpose: Purpose) -> bool:
        """Whether a consent is in force now, read afresh: a withdrawal takes effect at once."""
        ...

    def is_restricted(self, person_id: str) -> bool:
        """Whether the person restricted the use of everything they said."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the recordings to be opened: whose they are, what that person consented to, what they restricted."""

    person_id: str
    consents: Set[Purpose]
    is_restricted: bool
    is_granted: bool = False
    """Whether two people let just this actor open just these in an emergency, and its time is not over."""


ALLOWED: Final = {
    Role.SELF: frozenset({ReadPurpose.PLAYBACK, ReadPurpose.HISTORY, ReadPurpose.CORRECTION, ReadPurpose.EXPORT}),
    Role.REVIEWER: frozenset({ReadPurpose.REVIEW}),
    Role.TRAINER: frozenset({ReadPurpose.TRAINING}),
    Role.COUNSEL: frozenset({ReadPurpose.DEMAND}),
    Role.OVERSEER: frozenset({ReadPurpose.ESCALATION, ReadPurpose.BREAK_GLASS}),
    Role.MEMBER: frozenset(),
    Role.SYSTEM: frozenset({ReadPurpose.DISGUISE}),
}
"""What each role may open a recording for."""
NEEDED: Final = {
    ReadPurpose.REVIEW: frozenset({Purpose.KEEP, Purpose.REVIEW}),
    ReadPurpose.DISGUISE: frozenset({Purpose.KEEP, Purpose.REVIEW, Purpose.HEAR}),
    ReadPurpose.ESCALATION: frozenset({Purpose.KEEP, Purpose.REVIEW}),
    ReadPurpose.TRAINING: frozenset({Purpose.KEEP, Purpose.TRAIN}),
}
"""The consents of the person without which nobody else may."""
NEEDED_TO_HEAR: Final = {ReadPurpose.REVIEW: frozenset({Purpose.HEAR})}
"""Those that are needed besides for the sound."""


HEARS_NO_ORIGINAL: Final = frozenset({Role.REVIEWER})
"""Who never hears a recording itself, only what was made of it: a voice disguised, and silent where it must be."""


def check(actor: Actor, purpose: ReadPurpose, *, facts: Facts, medium: Medium) -> None:
    """Raise AccessError (access.refused), with the reason, unless the actor may open words or sound of these recordings for that
    purpose."""
    if actor.role is Role.SELF and actor.actor_id != facts.person_id:
        raise _refused("These are another person's recordings.")
    if purpose not in ALLOWED[actor.role]:
        raise _refused(f"As {actor.role.value} you may not open recordings for {purpose.value}.")
    if actor.role is Role.SELF:
        return
    if purpose is ReadPurpose.ESCALATION and medium is Medium.AUDIO:
        raise _refused("Of what was flagged, words alone are read.")
    if purpose is ReadPurpose.BREAK_GLASS and not facts.is_granted:
        raise _refused("Two other people have to approve this first, and it is for a short time.")
    needed = NEEDED.get(purpose, frozenset())
    if medium is Medium.AUDIO:
        needed |= NEEDED_TO_HEAR.get(purpose, frozenset())
    missing = needed - facts.consents
    if missing:
        raise _refused("The person has not consented to that.")
    if facts.is_restricted and purpose is not ReadPurpose.DEMAND:  # what a court orders, a person's own wish does not undo
        raise _refused("The person restricted the use of this recording.")


def _refused(sentence: str) -> AccessError:
    return AccessError(sentence, code="access.refused")
