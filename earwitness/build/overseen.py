"""Oversight of review put together, and the job that looks for what happens by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

from earwitness.build.reviewed import Review
from earwitness.config import ReviewSettings
from earwitness.domain.consent import Purpose
from earwitness.ledger.log import Ledger
from earwitness.oversight.escalations import Escalations
from earwitness.oversight.glass import Glasses
from earwitness.oversight.oversight import Oversight
from earwitness.oversight.proposals import Proposals, TermsInForce
from earwitness.oversight.sealed_words import SealedWords
from earwitness.oversight.seen import Seen
from earwitness.oversight.watch import Watch
from earwitness.rights.rights import Rights
from earwitness.vault.vault import Vault


def oversight_of(
    review: Review,
    *,
    rights: Rights,
    vault: Vault,
    ledger: Ledger,
    settings: ReviewSettings,
    clock: Callable[[], datetime],
) -> Oversight:
    """Oversight of one house."""
    database, words = rights.people.database, SealedWords(vault.safe)
    in_force = TermsInForce(database, clock=clock)

    def is_allowed(person_id: str) -> bool:
        consents = (rights.consents.has_consent(person_id, one) for one in (Purpose.KEEP, Purpose.REVIEW))
        return all(consents) and not rights.consents.is_restricted(person_id)

    applied: list[float | None] = [None]

    def shorten() -> None:
        """Once for each limit: what is kept from then on never goes beyond it."""
        longest = in_force.longest_seconds()
        if longest is not None and longest != applied[0]:
            for person in rights.people.all():
                vault.rows.shorten(person.person_id, retention_seconds=longest)
        applied[0] = longest

    escalations = Escalations(
        database,
        ledger=ledger,
        door=vault.door,
        shown=review.porter.shown,
        tell=lambda connection, turn_id, sentence: review.items.tell(connection, turn_id, sentence=sentence),
        is_allowed=is_allowed,
        clock=clock,
        lasts=timedelta(hours=settings.escalation_hours),
    )
    glasses = Glasses(
        database,
        people=rights.people,
        ledger=ledger,
        safe=vault.safe,
        door=vault.door,
        rows=vault.rows,
        clock=clock,
    )
    watch = Watch(
        database,
        ledger=ledger,
        words=words,
        desk=review.desk,
        glasses=glasses,
        escalations=escalations,
        shorten=shorten,
        clock=clock,
    )
    return Oversight(
        people=rights.people,
        proposals=Proposals(database, ledger=ledger, words=words, clock=clock),
        in_force=in_force,
        escalations=escalations,
        glasses=glasses,
        watch=watch,
        seen=Seen(review.epochs, ledger=ledger),
        clock=clock,
    )
