"""Review put together: what is drawn of a house, the reviewers' desk, and the porter between the two."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from earwitness.config import DeskSettings, ReviewSettings
from earwitness.domain.account import SignInWay
from earwitness.domain.errors import SettingsError
from earwitness.domain.review import Annotation, DrawTerms
from earwitness.domain.skill import SkillManifest
from earwitness.domain.visitor import Visitor
from earwitness.jobs.draw_sample import DrawSample
from earwitness.oversight.terms import WorkTerms
from earwitness.people.people import People
from earwitness.review.adjudication import Adjudication
from earwitness.review.desk import Desk, DeskTerms
from earwitness.review.disguise import Timer
from earwitness.review.epochs import Epochs
from earwitness.review.exposure import Stints
from earwitness.review.gold import GoldTerms
from earwitness.review.items import Items
from earwitness.review.marks import Marks
from earwitness.review.playback import Playback
from earwitness.review.porter import Porter
from earwitness.review.sample import epoch_of
from earwitness.review.sounds import Sounds
from earwitness.rights.rights import Rights
from earwitness.storage.database import Database
from earwitness.understand.sentences import own_manifests
from earwitness.vault.vault import Vault
from earwitness.web.desk_api import DeskEntrance, EntryRules
from earwitness.web.drawn_api import DrawnDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The parts of review."""

    items: Items
    porter: Porter
    desk: Desk
    epochs: Epochs
    sounds: Sounds
    playback: Playback
    adjudication: Adjudication
    is_elsewhere: bool = False
    """Whether reviewers work at a service of its own, whose desk asks for its tasks itself; then this one has none."""

    def settle(self) -> int:
        """Move on what was drawn, end what may not be reviewed any more; gives how many items changed. Blocks."""
        if self.is_elsewhere:
            return self.porter.settle_afar()
        return self.porter.settle(self.desk)

    def job(self) -> DrawSample:
        """The job that draws."""
        return DrawSample(self.epochs, settle=self.settle)


def review_of(
    epochs: Epochs,
    *,
    rights: Rights,
    vault: Vault,
    desk_database: Database,
    settings: ReviewSettings,
    known: Callable[[], Collection[str]],
    clock: Callable[[], datetime],
    work: Callable[[], WorkTerms | None] = lambda: None,
    timer: Timer | None = None,
    flagged: Callable[[str, str, Annotation], None] = lambda turn_id, person_id, annotation: None,
) -> Review:
    """Review of one house, by its settings; `known` gives the words of the house that name nobody, `work` how two people agreed
    that reviewers work; without a `timer` of words nobody hears anything; `flagged` is told of each judgement."""
    database = rights.people.database
    items = Items(database, consents=rights.consents, standing=vault.door.standing, clock=clock)
    sounds = Sounds(
        items=items,
        door=vault.door,
        marks=Marks(database, safe=vault.safe, clock=clock),
        timer=timer,
        names=lambda: names_in(rights),
        known=known,
        clock=clock,
    )
    porter = Porter(
        database,
        items=items,
        door=vault.door,
        safe=vault.safe,
        names=lambda: names_in(rights),
        known=known,
        clock=clock,
        sounds=sounds,
        flagged=flagged,
    )
    intents = lambda: known_intents(own_manifests())  # noqa: E731
    desk = Desk(
        desk_database,
        porter=porter,
        clock=clock,
        lease_seconds=lambda: lease_seconds(settings, work()),
        terms=desk_terms(settings),
        intents=intents,
    )
    adjudication = Adjudication(desk_database, desk=desk, porter=porter, clock=clock, intents=intents)
    return Review(
        epochs=epochs,
        items=items,
        porter=porter,
        desk=desk,
        sounds=sounds,
        playback=Playback(desk, porter=porter, clock=clock),
        adjudication=adjudication,
        is_elsewhere=settings.service_url is not None,
    )


def desk_terms(settings: DeskSettings) -> DeskTerms:
    """How the desk works by its settings."""
    return DeskTerms(
        double_share=settings.double_share,
        gold=GoldTerms(share=settings.gold_share, window=settings.gold_window, least_score=settings.gold_least),
        stints=Stints(
            most_tasks=settings.stint_tasks,
            longest=timedelta(minutes=settings.stint_minutes),
            rest=timedelta(minutes=settings.break_minutes),
        ),
    )


def terms_of(settings: ReviewSettings) -> DrawTerms:
    """By what an epoch that begins now draws."""
    return DrawTerms(
        rate_millionths=round(settings.rate_percent * 10_000),
        doubtful_thousandths=round(settings.doubtful_share * 1_000),
        most_per_month=settings.most_per_month,
    )


def names_in(rights: Rights) -> frozenset[str]:
    """The names of everybody in the household and of all their contacts. Blocks."""
    people = rights.people.all()
    contacts = rights.belongings.contacts
    known = [one for person_id in (None, *(person.person_id for person in people)) for one in contacts.of(person_id)]
    named = (name for one in known for name in (one.name, *one.aliases))
    return frozenset(person.name for person in people) | frozenset(named)


def drawn_desk(review: Review, *, rights: Rights, clock: Callable[[], datetime]) -> DrawnDesk:
    """Where people see what was drawn of them."""
    return DrawnDesk(
        items=review.items,
        rights=rights,
        terms=lambda: review.epochs.terms_of(epoch_of(clock())),
        shown=review.porter.shown,
        heard=review.sounds.preview,
        clock=clock,
    )


def desk_entrance(
    review: Review,
    *,
    people: People,
    settings: ReviewSettings,
    clock: Callable[[], datetime],
    intents: Callable[[], Sequence[str]],
    work: Callable[[], WorkTerms | None] = lambda: None,
) -> DeskEntrance:
    """The reviewers' way to the desk; `clock` gives the home's time, `work` how two people agreed that reviewers work. Raises
    SettingsError for a network that is none."""
    usual = entry_rules(settings)

    def rules() -> EntryRules:
        agreed = work()
        if agreed is None:
            return usual
        networks = tuple(ip_network(one) for one in agreed.networks)
        return EntryRules(from_hour=agreed.from_hour, until_hour=agreed.until_hour, networks=networks)

    def way(visitor: Visitor) -> SignInWay | None:
        mine = people.accounts.sign_ins.of(visitor.person.person_id)
        return next((one.way for one in mine if one.sign_in_id == visitor.sign_in_id), None)

    return DeskEntrance(desk=review.desk, playback=review.playback, rules=rules, way=way, clock=clock, intents=intents)


def lease_seconds(settings: ReviewSettings, agreed: WorkTerms | None) -> float:
    """How long a reviewer may keep one task, in seconds."""
    return 60.0 * (settings.lease_minutes if agreed is None else agreed.lease_minutes)


def entry_rules(settings: ReviewSettings) -> EntryRules:
    """When and from where reviewers may work. Raises SettingsError."""
    try:
        networks = tuple(ip_network(one) for one in settings.networks)
    except ValueError as error:
        raise SettingsError(f"review.networks: {error}.") from error
    return EntryRules(from_hour=settings.from_hour, until_hour=settings.until_hour, networks=networks)


def desk_file(state: Path) -> Path:
    """Where the desk's own database lies, apart from everything else."""
    return state / "desk" / "desk.db"


def known_intents(manifests: Sequence[SkillManifest]) -> tuple[str, ...]:
    """Every intent that this house knows, for a reviewer to choose from."""
    return tuple(sorted({intent for one in manifests for intent in one.intents}))
