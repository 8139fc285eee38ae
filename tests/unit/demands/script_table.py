"""The scripts of `test_scripts.py`, a line each. `scripted.py` says what the words mean."""

from typing import Any, Final

from earwitness.domain.demand import Authority, AuthorityKind, Category, DemandKind, Finding, Outcome, State
from tests.unit.demands.scripted import Script

# A line of the table is as long as its script.
# ruff: noqa: E501
# fmt: off
S, O, W, P, E = (  # noqa: E741
    DemandKind.SUBPOENA,
    DemandKind.ORDER,
    DemandKind.WARRANT,
    DemandKind.PRESERVATION,
    DemandKind.EMERGENCY,
)
F, WHOLE, PART, NOTHING = Finding, Outcome.WHOLE, Outcome.PART, Outcome.NOTHING
CLOSED, REFUSED, DISCLOSED, OBJECTED = State.CLOSED, State.REFUSED, State.DISCLOSED, State.OBJECTED
ACCOUNT, DEVICES, TURNS = (frozenset({one}) for one in (Category.ACCOUNT, Category.DEVICES, Category.TURNS))
WORDS, SOUND, NOTES = (frozenset({one}) for one in (Category.WORDS, Category.SOUND, Category.NOTES))


def by(kind: AuthorityKind, jurisdiction: str = "xx") -> Authority:
    return Authority(name="Bureau of Nowhere", kind=kind, jurisdiction=jurisdiction)


POLICE, PROSECUTOR, REGULATOR, LAWYER = (
    by(one) for one in (AuthorityKind.POLICE, AuthorityKind.PROSECUTOR, AuthorityKind.REGULATOR, AuthorityKind.PRIVATE)
)
BOTH = "approve co-approve"
TO_NOTICE = f"validate {BOTH} notify"
FULL = f"{TO_NOTICE} +14d disclose close"
LATE = f"{TO_NOTICE} +21d disclose close"


def script(
    name: str, kind: DemandKind, does: str, ends: State, outcome: Outcome | None = None, *found: Finding, **more: Any
) -> Script:
    """A line of the table; what is in `more` and is not the script's own is what the paper asks for."""
    own = {key: more.pop(key) for key in ("recordings", "files", "told", "has_rival") if key in more}
    return Script(name=name, kind=kind, does=does, ends=ends, outcome=outcome, findings=frozenset(found), asks=more, **own)


SOUND_ONES: Final = (
    script("a warrant for words and sound", W, FULL, CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("a warrant for words", W, FULL, CLOSED, WHOLE, categories=WORDS, recordings=2, files=2, told=1),
    script("a warrant for sound", W, FULL, CLOSED, WHOLE, categories=SOUND, recordings=1, files=1, told=1),
    script("a warrant for account and words", W, FULL, CLOSED, WHOLE, categories=WORDS | ACCOUNT, recordings=2, files=3, told=1),
    script("an order for when was spoken", O, LATE, CLOSED, WHOLE, categories=TURNS, files=1, told=1),
    script("an order for an account", O, LATE, CLOSED, WHOLE, categories=ACCOUNT, files=1, told=1),
    script("a subpoena of a lawyer for an account", S, LATE, CLOSED, WHOLE, categories=ACCOUNT, authority=LAWYER, files=1, told=1),
    script("a subpoena of a regulator for devices", S, LATE, CLOSED, NOTHING, categories=DEVICES, authority=REGULATOR, told=1),
    script("an emergency of the police", E, f"{TO_NOTICE} disclose review close", CLOSED, WHOLE, authority=POLICE, recordings=2, files=3, told=1),
    script("an emergency for words alone", E, f"{TO_NOTICE} disclose review close", CLOSED, WHOLE, authority=PROSECUTOR, categories=WORDS, recordings=2, files=2, told=1),
    script("preservation that ends by itself", P, "validate preserve +90d settle=released close", CLOSED, authority=POLICE, told=1),
    script("preservation that is let go", P, "validate preserve close!demand.illegal release close", CLOSED, authority=PROSECUTOR, told=1),
    script("a demand that is withdrawn", O, "validate object close", CLOSED, categories=TURNS),
    script("two people are asked for", W, FULL, CLOSED, WHOLE, names=("Anna", "Ben"), recordings=3, files=4, told=2),
)
BROAD_ONES: Final = (
    script("a warrant without dates", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, PART, F.NO_DATES, since=None, until=None, recordings=3, files=4, told=1),
    script("a warrant without an end", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, WHOLE, F.NO_DATES, until=None, recordings=3, files=4, told=1),
    script("a warrant for all data", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, WHOLE, F.ALL_DATA, is_all_data=True, categories=frozenset(), recordings=2, files=6, told=1),
    script("all data, but words are named", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, PART, F.ALL_DATA, is_all_data=True, categories=WORDS, recordings=2, files=2, told=1),
    script("others who are not named", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, PART, F.UNNAMED_OTHERS, has_unnamed_others=True, recordings=2, files=3, told=1),
    script("a warrant that names nobody", W, "validate approve!demand.overbroad narrow!demand.overbroad object refuse close", CLOSED, None, F.NOBODY_NAMED, names=()),
    script("a warrant that names no category", W, "validate approve!demand.overbroad narrow!demand.overbroad refuse", REFUSED, None, F.NO_CATEGORIES, categories=frozenset()),
    script("two months by a warrant", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, WHOLE, F.TOO_LONG, since=-62, until=-1.25, categories=WORDS, names=("Newcomer",), recordings=2, files=2, told=1),
    script("what is not said yet", W, f"validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close", CLOSED, WHOLE, F.FUTURE, until=5, recordings=3, files=4, told=1),
    script("a subpoena for words", S, "validate approve!demand.overbroad narrow!demand.overbroad object refuse", REFUSED, None, F.NOT_REACHED, categories=WORDS),
    script("a subpoena for words and an account", S, f"validate approve!demand.overbroad narrow {BOTH} notify +21d disclose close", CLOSED, PART, F.NOT_REACHED, categories=WORDS | ACCOUNT, files=1, told=1),
    script("an order for sound", O, "validate narrow!demand.overbroad refuse", REFUSED, None, F.NOT_REACHED, categories=SOUND),
    script("an order for sound and times", O, f"validate narrow {BOTH} notify +21d disclose close", CLOSED, PART, F.NOT_REACHED, categories=SOUND | TURNS, files=1, told=1),
    script("a subpoena of the police", S, "officer-validates!demand.office validate approve!demand.overbroad refuse", REFUSED, None, F.WRONG_AUTHORITY, authority=POLICE, categories=ACCOUNT),
    script("a warrant of a prosecutor", W, "validate approve!demand.overbroad narrow!demand.overbroad refuse", REFUSED, None, F.WRONG_AUTHORITY, authority=PROSECUTOR),
    script("an emergency of a lawyer", E, "validate approve!demand.overbroad refuse", REFUSED, None, F.WRONG_AUTHORITY, authority=LAWYER),
    script("an emergency about a week", E, f"validate approve!demand.overbroad narrow {BOTH} notify disclose review close", CLOSED, WHOLE, F.TOO_LONG, authority=POLICE, since=-7, recordings=2, files=3, told=1),
    script("preservation of everything", P, "validate preserve!demand.overbroad narrow preserve release close", CLOSED, None, F.ALL_DATA, is_all_data=True, since=None, told=1),
    script("preservation of nobody known", P, "validate preserve!demand.overbroad refuse", REFUSED, None, names=("Nemo",)),
    script("an unknown jurisdiction", W, f"officer-validates!demand.office {FULL}", CLOSED, WHOLE, F.UNKNOWN_JURISDICTION, authority=by(AuthorityKind.COURT, "zz"), recordings=2, files=3, told=1),
    script("what a device heard", W, FULL, CLOSED, NOTHING, F.BY_DEVICE, devices=("0" * 32,), told=1),
)
HOSTILE_ONES: Final = (
    script("a forged authority", W, "validate-altered!demand.altered approve!demand.illegal disclose!demand.illegal refuse close", CLOSED),
    script("an altered paper, then the real one", W, f"validate-altered!demand.altered object {FULL}", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("scope creep after the approval", W, f"validate {BOTH} widen!demand.wider notify widen!demand.wider +14d disclose close", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("another scope between the approvals", W, "validate approve narrow-more co-approve notify!demand.illegal approve notify +14d disclose close", CLOSED, PART, recordings=2, files=2, told=1),
    script("another scope after the notice", W, f"{TO_NOTICE} narrow-more +14d disclose!demand.illegal {BOTH} notify +14d disclose close", CLOSED, PART, recordings=2, files=2, told=2),
    script("a second export", W, f"{TO_NOTICE} +14d disclose disclose!demand.illegal disclose-without-shares!demand.illegal close", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("a second export without shares", W, f"{TO_NOTICE} +14d disclose {BOTH} disclose!demand.illegal notify +14d disclose-without-shares!demand.shares disclose close", CLOSED, WHOLE, recordings=2, files=3, told=2),
    script("one share", W, f"{TO_NOTICE} +14d disclose-by-one-share!demand.shares disclose-by-old-shares!demand.shares refuse", REFUSED, told=1),
    script("a recipient that is none", W, f"{TO_NOTICE} +14d disclose-to-nobody!demand.invalid disclose close", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("counsel approves twice", W, "validate approve approve!demand.second_person other-counsel-approves!demand.second_person notify!demand.illegal disclose!demand.illegal refuse", REFUSED),
    script("before the delay is over", W, f"{TO_NOTICE} disclose!demand.not_told +13d disclose!demand.not_told +1d disclose close", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("an order that expired before it came", W, "validate!demand.expired refuse", REFUSED, None, F.EXPIRED, expires_at=-0.1),
    script("an order that expires before its approval", W, "validate approve +2d co-approve!demand.expired refuse", REFUSED, expires_at=2),
    script("an order that expires before its answer", W, f"{TO_NOTICE} +14d disclose!demand.expired refuse close", CLOSED, expires_at=14, told=1),
    script("a gag with an end", W, f"{TO_NOTICE} disclose +10d settle=told close", CLOSED, WHOLE, gag_days=10, recordings=2, files=3, told=1),
    script("a gag that ends before the answer", W, f"{TO_NOTICE} +2d disclose!demand.not_told settle=told disclose!demand.not_told +14d disclose close", CLOSED, WHOLE, gag_days=2, recordings=2, files=3, told=1),
    script("a gag over a restart", W, f"{TO_NOTICE} disclose +5d settle= restart settle= +5d restart settle=told settle= close", CLOSED, WHOLE, gag_days=10, recordings=2, files=3, told=1),
    script("a gag without an end", W, f"officer-validates!demand.office {FULL}", CLOSED, WHOLE, F.GAG_WITHOUT_END, gag_days=None, recordings=2, files=3, told=1),
    script("a gag of two years", W, f"{TO_NOTICE} +364d settle= +1d settle=told refuse", REFUSED, None, F.GAG_TOO_LONG, gag_days=730, told=1),
    script("a gag that was over when it came", W, FULL, CLOSED, WHOLE, gag_days=-1, recordings=2, files=3, told=1),
    script("a gagged demand that is refused", S, "validate refuse close +10d settle=told", CLOSED, None, gag_days=10, categories=WORDS, told=1),
    script("two demands about the same", W, f"officer-validates!demand.office {FULL}", CLOSED, WHOLE, F.CONFLICT, has_rival=True, recordings=2, files=3, told=1),
    script("preserved and demanded by others", P, "validate preserve erase +30d release close", CLOSED, None, F.CONFLICT, has_rival=True, told=1),
    script("deleted while it is preserved for the warrant", W, f"validate preserve erase expire {BOTH} notify +14d disclose release close", CLOSED, WHOLE, recordings=2, files=3, told=2),
    script("a child's account", S, f'officer-validates!demand.office {LATE}', CLOSED, WHOLE, F.CHILD, names=('Cleo',), categories=ACCOUNT, files=1, told=2),
    script("a child's words, and the guardian objects", W, f'{TO_NOTICE} guardian-objects +14d disclose!demand.illegal refuse', REFUSED, None, F.CHILD, names=('Cleo',), told=2),
    script("reviewers' notes", W, 'validate approve!demand.overbroad narrow!demand.overbroad object refuse', REFUSED, None, F.REVIEWERS_NOTES, categories=NOTES),
    script("reviewers' notes beside words", W, f'validate approve!demand.overbroad narrow {BOTH} notify +14d disclose close', CLOSED, WHOLE, F.REVIEWERS_NOTES, categories=NOTES | WORDS, recordings=2, files=2, told=1),
    script("the person objects", W, f"{TO_NOTICE} person-objects +14d disclose!demand.illegal refuse", REFUSED, told=1),
    script("the person objects and counsel looks again", W, f"{TO_NOTICE} person-objects +14d {FULL}", CLOSED, WHOLE, recordings=2, files=3, told=2),
    script("what the person deleted", W, f"{TO_NOTICE} erase +14d disclose-without-shares close", CLOSED, NOTHING, told=1),
    script("somebody who left", W, f"leave validate {BOTH} notify disclose-without-shares close", CLOSED, NOTHING, names=("Leaver",)),
    script("somebody who is not known here", W, f"{TO_NOTICE} disclose-without-shares close", CLOSED, NOTHING, names=("Nemo",)),
    script("a time in which nothing was said", W, f"{TO_NOTICE} +14d disclose-without-shares close", CLOSED, NOTHING, since=-5, until=-4, told=1),
    script("what has expired meanwhile", W, f"{TO_NOTICE} +31d expire disclose-without-shares close", CLOSED, NOTHING, told=1),
    script("an emergency that nobody reviews in time", E, f"{TO_NOTICE} disclose close!demand.illegal review-alone!demand.second_person +1d settle=overdue settle= review close", CLOSED, WHOLE, authority=POLICE, recordings=2, files=3, told=1),
    script("preservation discloses nothing", P, "validate approve!demand.illegal notify!demand.illegal disclose!demand.illegal close", CLOSED, authority=POLICE),
    script("a crash between approval and export", W, f"{TO_NOTICE} +14d crash restart settle= disclose-to-another!demand.invalid disclose-without-shares disclose!demand.illegal close", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("a crash under a gag", W, f"{TO_NOTICE} crash restart disclose-without-shares +10d settle=told close", CLOSED, WHOLE, gag_days=10, recordings=2, files=3, told=1),
    script("the ledger is away", W, f"validate {BOTH} notify-without-ledger!ledger.unavailable notify +14d disclose close", CLOSED, WHOLE, recordings=2, files=3, told=1),
    script("an owner and a member look into the case", W, "owner-looks!access.refused person-looks!access.refused refuse", REFUSED),
)
SCRIPTS: Final = (*SOUND_ONES, *BROAD_ONES, *HOSTILE_ONES)
