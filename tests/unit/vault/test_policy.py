"""Who may open what: every role, purpose, set of consents and restriction, against a table written out by hand."""

from itertools import chain, combinations, product

import pytest

from earwitness.domain.consent import Purpose
from earwitness.domain.recording import Actor, Medium, ReadPurpose, Role
from earwitness.vault.policy import ALLOWED, Facts, check
from tests.unit.vault.setting import error_of

OWNER, OTHER = "a0" * 16, "be" * 16
CONSENTS = [frozenset(some) for some in chain.from_iterable(combinations(Purpose, count) for count in range(len(Purpose) + 1))]
NEVER = "never"
OWN = "their own, always"
IF_REVIEW = "with keep and review, unless restricted"
IF_ESCALATED = "the words, with keep and review, unless restricted"
IF_HEAR = "with keep, review and hear, unless restricted"
IF_TRAIN = "with keep and train, unless restricted"
IF_GRANTED = "once two others allowed just that, unless restricted"
BY_DEMAND = "by a demand that was approved, which the door verifies besides"

TABLE = {
    (Role.SELF, ReadPurpose.PLAYBACK): OWN,
    (Role.SELF, ReadPurpose.HISTORY): OWN,
    (Role.SELF, ReadPurpose.CORRECTION): OWN,
    (Role.SELF, ReadPurpose.EXPORT): OWN,
    (Role.SELF, ReadPurpose.REVIEW): NEVER,
    (Role.SELF, ReadPurpose.TRAINING): NEVER,
    (Role.MEMBER, ReadPurpose.PLAYBACK): NEVER,
    (Role.MEMBER, ReadPurpose.HISTORY): NEVER,
    (Role.MEMBER, ReadPurpose.CORRECTION): NEVER,
    (Role.MEMBER, ReadPurpose.EXPORT): NEVER,
    (Role.MEMBER, ReadPurpose.REVIEW): NEVER,
    (Role.MEMBER, ReadPurpose.TRAINING): NEVER,
    (Role.REVIEWER, ReadPurpose.PLAYBACK): NEVER,
    (Role.REVIEWER, ReadPurpose.HISTORY): NEVER,
    (Role.REVIEWER, ReadPurpose.CORRECTION): NEVER,
    (Role.REVIEWER, ReadPurpose.EXPORT): NEVER,
    (Role.REVIEWER, ReadPurpose.REVIEW): IF_REVIEW,
    (Role.REVIEWER, ReadPurpose.TRAINING): NEVER,
    (Role.TRAINER, ReadPurpose.PLAYBACK): NEVER,
    (Role.TRAINER, ReadPurpose.HISTORY): NEVER,
    (Role.TRAINER, ReadPurpose.CORRECTION): NEVER,
    (Role.TRAINER, ReadPurpose.EXPORT): NEVER,
    (Role.TRAINER, ReadPurpose.REVIEW): NEVER,
    (Role.TRAINER, ReadPurpose.TRAINING): IF_TRAIN,
    (Role.SYSTEM, ReadPurpose.PLAYBACK): NEVER,
    (Role.SYSTEM, ReadPurpose.HISTORY): NEVER,
    (Role.SYSTEM, ReadPurpose.CORRECTION): NEVER,
    (Role.SYSTEM, ReadPurpose.EXPORT): NEVER,
    (Role.SYSTEM, ReadPurpose.REVIEW): NEVER,
    (Role.SYSTEM, ReadPurpose.TRAINING): NEVER,
    (Role.COUNSEL, ReadPurpose.PLAYBACK): NEVER,
    (Role.COUNSEL, ReadPurpose.HISTORY): NEVER,
    (Role.COUNSEL, ReadPurpose.CORRECTION): NEVER,
    (Role.COUNSEL, ReadPurpose.EXPORT): NEVER,
    (Role.COUNSEL, ReadPurpose.REVIEW): NEVER,
    (Role.COUNSEL, ReadPurpose.TRAINING): NEVER,
    (Role.COUNSEL, ReadPurpose.DEMAND): BY_DEMAND,
    (Role.SELF, ReadPurpose.DEMAND): NEVER,
    (Role.MEMBER, ReadPurpose.DEMAND): NEVER,
    (Role.REVIEWER, ReadPurpose.DEMAND): NEVER,
    (Role.TRAINER, ReadPurpose.DEMAND): NEVER,
    (Role.SYSTEM, ReadPurpose.DEMAND): NEVER,
    (Role.SELF, ReadPurpose.DISGUISE): NEVER,
    (Role.MEMBER, ReadPurpose.DISGUISE): NEVER,
    (Role.REVIEWER, ReadPurpose.DISGUISE): NEVER,
    (Role.TRAINER, ReadPurpose.DISGUISE): NEVER,
    (Role.COUNSEL, ReadPurpose.DISGUISE): NEVER,
    (Role.SYSTEM, ReadPurpose.DISGUISE): IF_HEAR,
    (Role.OVERSEER, ReadPurpose.PLAYBACK): NEVER,
    (Role.OVERSEER, ReadPurpose.HISTORY): NEVER,
    (Role.OVERSEER, ReadPurpose.CORRECTION): NEVER,
    (Role.OVERSEER, ReadPurpose.EXPORT): NEVER,
    (Role.OVERSEER, ReadPurpose.REVIEW): NEVER,
    (Role.OVERSEER, ReadPurpose.TRAINING): NEVER,
    (Role.OVERSEER, ReadPurpose.DEMAND): NEVER,
    (Role.OVERSEER, ReadPurpose.DISGUISE): NEVER,
    (Role.OVERSEER, ReadPurpose.ESCALATION): IF_ESCALATED,
    (Role.SELF, ReadPurpose.ESCALATION): NEVER,
    (Role.MEMBER, ReadPurpose.ESCALATION): NEVER,
    (Role.REVIEWER, ReadPurpose.ESCALATION): NEVER,
    (Role.TRAINER, ReadPurpose.ESCALATION): NEVER,
    (Role.COUNSEL, ReadPurpose.ESCALATION): NEVER,
    (Role.SYSTEM, ReadPurpose.ESCALATION): NEVER,
    (Role.OVERSEER, ReadPurpose.BREAK_GLASS): IF_GRANTED,
    (Role.SELF, ReadPurpose.BREAK_GLASS): NEVER,
    (Role.MEMBER, ReadPurpose.BREAK_GLASS): NEVER,
    (Role.REVIEWER, ReadPurpose.BREAK_GLASS): NEVER,
    (Role.TRAINER, ReadPurpose.BREAK_GLASS): NEVER,
    (Role.COUNSEL, ReadPurpose.BREAK_GLASS): NEVER,
    (Role.SYSTEM, ReadPurpose.BREAK_GLASS): NEVER,
}


def is_allowed(
    rule: str, *, is_own: bool, consents: frozenset[Purpose], is_restricted: bool, is_granted: bool, medium: Medium
) -> bool:
    match rule:
        case "the words, with keep and review, unless restricted":
            return medium is Medium.TEXT and {Purpose.KEEP, Purpose.REVIEW} <= consents and not is_restricted
        case "once two others allowed just that, unless restricted":
            return is_granted and not is_restricted
        case "their own, always":
            return is_own
        case "by a demand that was approved, which the door verifies besides":
            return True
        case "with keep and review, unless restricted":
            hears = {Purpose.HEAR} if medium is Medium.AUDIO else set()
            return {Purpose.KEEP, Purpose.REVIEW, *hears} <= consents and not is_restricted
        case "with keep, review and hear, unless restricted":
            return {Purpose.KEEP, Purpose.REVIEW, Purpose.HEAR} <= consents and not is_restricted
        case "with keep and train, unless restricted":
            return {Purpose.KEEP, Purpose.TRAIN} <= consents and not is_restricted
        case _:
            return False


def test_the_table_is_complete() -> None:
    assert set(TABLE) == {(role, purpose) for role in Role for purpose in ReadPurpose}
    assert set(ALLOWED) == set(Role)


@pytest.mark.parametrize(("role", "purpose"), TABLE, ids=str)
@pytest.mark.parametrize("is_restricted", [False, True], ids=["free", "restricted"])
@pytest.mark.parametrize("actor_id", [OWNER, OTHER], ids=["own", "another's"])
@pytest.mark.parametrize("medium", Medium)
def test_every_cell_of_the_table(role: Role, purpose: ReadPurpose, is_restricted: bool, actor_id: str, medium: Medium) -> None:
    actor = Actor(actor_id=actor_id, alias="calm-otter-2222", role=role)
    for consents, is_granted in product(CONSENTS, (False, True)):
        facts = Facts(person_id=OWNER, consents=consents, is_restricted=is_restricted, is_granted=is_granted)
        stands = {"is_own": actor_id == OWNER, "is_restricted": is_restricted, "is_granted": is_granted}
        wanted = is_allowed(TABLE[role, purpose], consents=consents, medium=medium, **stands)
        assert error_of(check, actor, purpose, facts=facts, medium=medium) == ("" if wanted else "access.refused"), consents
