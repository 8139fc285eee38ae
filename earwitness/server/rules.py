"""The one table of who may do what: each method and path of the server with what it asks for. What is not here is refused.

Rules only; `gate.py` enforces them before anything behind it is reached. A path is a template as FastAPI writes it; where several
fit, the first does. The method of a WebSocket is WS.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from earwitness.domain.account import Permission, Scope


class Kind(Enum):
    """Whom a rule is for."""

    OPEN = "open"
    """Anybody."""
    SETUP = "setup"
    """Whoever sets the home up, until that is done: from this machine, or with a pass for the terminal's setup code."""
    MEMBERS = "members"
    """An account that has one of the permissions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one route asks for."""

    kind: Kind = Kind.MEMBERS
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    scope: Scope | None = None
    """The scope with which a token may do it too; None for what no token may."""
    is_dangerous: bool = False
    """Whether it needs somebody who showed who they are in the last minutes; a token that has the scope needs nobody: whoever
    made it showed that then."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule and the template that it belongs to."""

    template: str
    rule: Rule


def _needs(*permissions: Permission, scope: Scope | None = None) -> Rule:
    return Rule(permissions=frozenset(permissions), scope=scope)


def _danger(*permissions: Permission, scope: Scope | None = None) -> Rule:
    return Rule(permissions=frozenset(permissions), scope=scope, is_dangerous=True)


STATIC: Final = "/static/{path:path}"
"""What the pages load: the same for everybody."""
_OPEN: Final = Rule(kind=Kind.OPEN)
_SETUP: Final = Rule(kind=Kind.SETUP)
_ACCOUNT: Final = _needs(Permission.ACCOUNT)
_OWN_DATA: Final = _needs(Permission.OWN_DATA)
_READ: Final = _needs(Permission.OWN_DATA, scope=Scope.HISTORY)
_TALK: Final = _needs(Permission.TALK, scope=Scope.TALK)
_SEE: Final = _needs(Permission.TALK, scope=Scope.HOME)
_DEVICES: Final = _needs(Permission.DEVICES, scope=Scope.DEVICES)
_MICROPHONES: Final = _danger(Permission.DEVICES, scope=Scope.DEVICES)
"""What lets a microphone into the home, or takes one out."""
_TOKENS: Final = _needs(Permission.TOKENS)
_PEOPLE: Final = _needs(Permission.PEOPLE)
_WARDS: Final = _needs(Permission.WARDS)
_REMOTE: Final = _needs(Permission.REMOTE)
_HOUSEHOLD: Final = _needs(Permission.HOUSEHOLD)
_CONTACTS: Final = _needs(Permission.CONTACTS)
_REVIEW: Final = _needs(Permission.REVIEW)
_LEAD: Final = _needs(Permission.LEAD_REVIEW)
_DEMANDS: Final = _needs(Permission.DEMANDS)
_OVERSIGHT: Final = _needs(Permission.OVERSEE, Permission.APPROVE, Permission.LEAD_REVIEW)
"""Each sees of it what is theirs."""
_FLAGGED: Final = _needs(Permission.OVERSEE, Permission.LEAD_REVIEW)
_OVERSEE: Final = _needs(Permission.OVERSEE)
_APPROVES: Final = _danger(Permission.APPROVE)
_LEDGER: Final = _needs(Permission.ACCOUNT, scope=Scope.HISTORY)

PAGES: Final[Mapping[str, Rule]] = {
    "/": _needs(Permission.TALK),
    "/history": _OWN_DATA,
    "/misunderstandings": _OWN_DATA,
    "/privacy": _OWN_DATA,
    "/listens": _OWN_DATA,
    "/drawn": _OWN_DATA,
    "/review": _REVIEW,
    "/review/lead": _LEAD,
    "/demands": _DEMANDS,
    "/oversight": _OVERSIGHT,
    "/account": _ACCOUNT,
    "/messages": _OWN_DATA,
    "/people": _needs(Permission.PEOPLE, Permission.WARDS),
    "/devices": _needs(Permission.DEVICES),
    "/household": _needs(Permission.HOUSEHOLD),
    "/remote": _REMOTE,
    "/links": _HOUSEHOLD,
    "/improve": _HOUSEHOLD,
    "/contacts": _OWN_DATA,
    "/calls": _OWN_DATA,
    "/planner": _needs(Permission.TALK),
    "/skills": _needs(Permission.TALK),
    "/sign-in": _OPEN,
    "/invitation": _OPEN,
    "/setup": _OPEN,
}
"""The pages, which a browser visits with GET."""

_API: Final[Mapping[str, Mapping[str, Rule]]] = {
    "/health": {"GET": _OPEN},
    "/openapi.json": {"GET": _LEDGER},
    "/setup": {"GET": _OPEN, "POST": _SETUP},
    "/setup/code": {"POST": _OPEN},
    "/setup/choices": {"GET": _SETUP},
    "/setup/passphrase": {"POST": _SETUP},
    "/setup/passkey": {"POST": _SETUP},
    "/setup/sample": {"GET": _SETUP},
    "/setup/promise": {"GET": _SETUP},
    "/setup/spoken": {"POST": _SETUP},
    "/setup/answer": {"POST": _SETUP},
    "/sign-in": {"GET": _OPEN, "POST": _OPEN},
    "/sign-in/passkey": {"POST": _OPEN, "PUT": _OPEN},
    "/sign-out": {"POST": _ACCOUNT},
    "/invitation": {"POST": _OPEN, "PUT": _OPEN},
    "/invitation/passphrase": {"POST": _OPEN},
    "/invitation/passkey": {"POST": _OPEN},
    "/invitations": {"GET": _PEOPLE, "POST": _danger(Permission.PEOPLE)},
    "/invitations/{invitation_id}": {"DELETE": _PEOPLE},
    "/session": {"WS": _TALK},
    "/voices": {"GET": _TALK},
    "/home": {"GET": _SEE},
    "/ask": {"POST": _TALK},
    "/ask/audio": {"POST": _TALK},
    "/say": {"GET": _TALK},
    "/cues/{name}": {"GET": _TALK},
    "/consent-texts": {"GET": _ACCOUNT},
    "/me": {"GET": _ACCOUNT, "DELETE": _danger(Permission.ACCOUNT)},
    "/me/consents": {"GET": _OWN_DATA},
    "/me/consents/{purpose}": {"PUT": _OWN_DATA},
    "/me/objections/{purpose}": {"POST": _OWN_DATA},
    "/me/restriction": {"PUT": _OWN_DATA},
    "/me/notices": {"PUT": _OWN_DATA},
    "/me/export": {"GET": _danger(Permission.OWN_DATA)},
    "/history": {"GET": _READ, "DELETE": _OWN_DATA},
    "/history/{turn_id}": {"GET": _READ, "PATCH": _OWN_DATA, "DELETE": _OWN_DATA},
    "/history/{turn_id}/audio": {"GET": _READ, "HEAD": _READ},
    "/history/{turn_id}/restriction": {"PUT": _OWN_DATA},
    "/history/{turn_id}/judgement": {"POST": _OWN_DATA},
    "/me/models": {"GET": _OWN_DATA},
    "/improve": {"GET": _HOUSEHOLD},
    "/improve/models/{model_id}/promotion": {"POST": _HOUSEHOLD},
    "/improve/rollback": {"POST": _HOUSEHOLD},
    "/me/drawn": {"GET": _OWN_DATA},
    "/me/drawn/wish": {"PUT": _OWN_DATA},
    "/me/drawn/{item_id}": {"GET": _OWN_DATA},
    "/me/drawn/{item_id}/sound": {"GET": _OWN_DATA},
    "/me/drawn/{item_id}/veto": {"POST": _OWN_DATA},
    "/me/drawn/{item_id}/delay": {"POST": _OWN_DATA},
    "/me/drawn/{item_id}/release": {"POST": _OWN_DATA},
    "/review": {"GET": _REVIEW},
    "/review/ticket": {"POST": _REVIEW},
    "/review/test": {"POST": _REVIEW, "PUT": _REVIEW},
    "/review/guidelines/{version}": {"PUT": _REVIEW},
    "/review/shelter": {"PUT": _REVIEW},
    "/review/leases": {"POST": _REVIEW},
    "/review/leases/{lease_id}": {"GET": _REVIEW, "DELETE": _REVIEW},
    "/review/leases/{lease_id}/words": {"POST": _REVIEW},
    "/review/leases/{lease_id}/sound": {"POST": _REVIEW},
    "/review/leases/{lease_id}/sound/tokens": {"POST": _REVIEW},
    "/review/sound": {"POST": _REVIEW},
    "/review/leases/{lease_id}/judgement": {"PUT": _REVIEW},
    "/review/leases/{lease_id}/copied": {"POST": _REVIEW},
    "/review/lead/quality": {"GET": _LEAD},
    "/review/lead/disputes": {"GET": _LEAD},
    "/review/lead/disputes/{task_id}": {"PUT": _LEAD},
    "/review/lead/disputes/{task_id}/opening": {"POST": _LEAD},
    "/review/lead/golds": {"GET": _LEAD, "POST": _LEAD},
    "/review/lead/golds/{gold_id}": {"DELETE": _LEAD},
    "/review/lead/guidelines": {"GET": _LEAD, "POST": _LEAD},
    "/review/lead/conduct": {"GET": _LEAD},
    "/review/lead/conduct/{reviewer}/restoration": {"POST": _LEAD},
    "/me/demands": {"GET": _OWN_DATA},
    "/me/demands/{notice_id}/objection": {"POST": _OWN_DATA},
    "/demands": {"GET": _DEMANDS, "POST": _danger(Permission.DEMANDS)},
    "/demands/key": {"POST": _danger(Permission.DEMANDS)},
    "/demands/{demand_id}": {"GET": _DEMANDS},
    "/demands/{demand_id}/answer": {"GET": _DEMANDS},
    "/demands/{demand_id}/document": {"GET": _danger(Permission.DEMANDS)},
    "/demands/{demand_id}/letters/{letter}": {"GET": _DEMANDS},
    "/demands/{demand_id}/steps": {"POST": _danger(Permission.DEMANDS)},
    "/listens": {"GET": _READ},
    "/listens/seen": {"POST": _OWN_DATA},
    "/listens/{read_id}/proof": {"GET": _READ},
    "/receipts": {"GET": _READ},
    "/receipts/{erasure_id}": {"GET": _READ},
    "/me/confirmation": {"POST": _ACCOUNT},
    "/me/confirmation/passkey": {"POST": _ACCOUNT, "PUT": _ACCOUNT},
    "/me/passphrase": {"PUT": _danger(Permission.ACCOUNT)},
    "/me/passphrase/check": {"POST": _ACCOUNT},
    "/me/security": {"GET": _ACCOUNT},
    "/me/passkeys": {"POST": _danger(Permission.ACCOUNT), "PUT": _danger(Permission.ACCOUNT)},
    "/me/passkeys/{passkey_id}": {"DELETE": _danger(Permission.ACCOUNT)},
    "/me/code": {key: _danger(Permission.ACCOUNT) for key in ("POST", "PUT", "DELETE")},
    "/me/recovery-codes": {"POST": _danger(Permission.ACCOUNT)},
    "/me/sign-ins": {"GET": _ACCOUNT, "DELETE": _ACCOUNT},
    "/me/sign-ins/{sign_in_id}": {"DELETE": _ACCOUNT},
    "/me/log": {"GET": _ACCOUNT},
    "/me/tokens": {"GET": _TOKENS, "POST": _danger(Permission.TOKENS)},
    "/me/tokens/{token_id}": {"DELETE": _TOKENS},
    "/wards": {"GET": _WARDS},
    "/wards/{person_id}/consents/{purpose}": {"PUT": _WARDS},
    "/people": {"GET": _PEOPLE, "POST": _danger(Permission.PEOPLE)},
    "/people/passphrase": {"POST": _PEOPLE},
    "/people/{person_id}": {"PATCH": _danger(Permission.PEOPLE), "DELETE": _danger(Permission.PEOPLE)},
    "/people/{person_id}/sign-ins": {"DELETE": _danger(Permission.PEOPLE)},
    "/remotes": {"GET": _REMOTE, "POST": _danger(Permission.REMOTE)},
    "/remotes/tunnel": {"PUT": _danger(Permission.REMOTE)},
    "/remotes/{remote_id}": {"DELETE": _danger(Permission.REMOTE)},
    "/devices": {"GET": _DEVICES},
    "/devices/log": {"GET": _DEVICES},
    "/devices/foreign": {"POST": _MICROPHONES},
    "/devices/pairing": {"GET": _DEVICES, "POST": _DEVICES, "DELETE": _DEVICES},
    "/devices/pairing/confirmation": {"POST": _MICROPHONES},
    "/devices/pairing/waiting/{waiting_id}": {"DELETE": _DEVICES},
    "/devices/{device_id}": {"PATCH": _DEVICES, "DELETE": _MICROPHONES},
    "/devices/{device_id}/mute": {"POST": _DEVICES},
    "/announce": {"POST": _TALK},
    "/household": {"GET": _needs(Permission.TALK, Permission.HOUSEHOLD, scope=Scope.HOME), "PUT": _danger(Permission.HOUSEHOLD)},
    "/oversight": {"GET": _OVERSIGHT},
    "/oversight/days/{epoch}/audit": {"POST": _OVERSEE},
    "/oversight/suspensions/{alert_id}/acknowledgement": {"POST": _OVERSEE},
    "/oversight/proposals": {"POST": _danger(Permission.OVERSEE, Permission.APPROVE)},
    "/oversight/proposals/{proposal_id}": {"DELETE": _needs(Permission.OVERSEE, Permission.APPROVE)},
    "/oversight/proposals/{proposal_id}/decision": {"POST": _APPROVES},
    "/oversight/emergencies": {"POST": _danger(Permission.OVERSEE)},
    "/oversight/emergencies/{glass_id}/decision": {"POST": _APPROVES},
    "/oversight/emergencies/{glass_id}/end": {"POST": _OVERSEE},
    "/oversight/emergencies/{glass_id}/recordings": {"GET": _OVERSEE},
    "/oversight/emergencies/{glass_id}/recordings/{turn_id}/words": {"POST": _OVERSEE},
    "/oversight/emergencies/{glass_id}/recordings/{turn_id}/sound": {"POST": _OVERSEE},
    "/oversight/flagged/{escalation_id}/words": {"POST": _FLAGGED},
    "/oversight/flagged/{escalation_id}/opinion": {"PUT": _FLAGGED},
    "/me/break-glass": {"GET": _OWN_DATA},
    "/messages": {"GET": _OWN_DATA, "POST": _OWN_DATA},
    "/messages/aloud": {"PUT": _OWN_DATA},
    "/messages/{message_id}": {"DELETE": _OWN_DATA},
    "/messages/{message_id}/read": {"POST": _OWN_DATA},
    "/routines": {"GET": _SEE, "POST": _TALK},
    "/routines/check": {"POST": _TALK},
    "/routines/{routine_id}": {"PATCH": _TALK, "DELETE": _TALK},
    "/alerts": {"GET": _SEE, "POST": _TALK},
    "/alerts/{alert_id}": {"PATCH": _TALK, "DELETE": _TALK},
    "/sounds": {"GET": _TALK},
    "/sounds/wave": {"GET": _TALK},
    "/quiet": {"GET": _SEE, "PUT": _TALK, "DELETE": _TALK},
    "/lists": {"GET": _SEE, "POST": _TALK},
    "/lists/{name}": {"PATCH": _TALK, "DELETE": _TALK},
    "/lists/{name}/items": {"POST": _TALK, "DELETE": _TALK},
    "/lists/{name}/items/{item_id}": {"PATCH": _TALK, "DELETE": _TALK},
    "/calendar": {"GET": _SEE, "POST": _TALK},
    "/calendar-sync": {"GET": _OWN_DATA, "POST": _OWN_DATA},
    "/calendar/{event_id:path}": {"PATCH": _TALK, "DELETE": _TALK},
    "/links": {"GET": _HOUSEHOLD, "POST": _danger(Permission.HOUSEHOLD)},
    "/links/{link_id}": {"PATCH": _danger(Permission.HOUSEHOLD), "DELETE": _danger(Permission.HOUSEHOLD)},
    "/links/{link_id}/test": {"POST": _HOUSEHOLD},
    "/calls": {"GET": _OWN_DATA, "DELETE": _OWN_DATA},
    "/contacts": {"GET": _OWN_DATA, "POST": _CONTACTS},
    "/contacts/file": {"GET": _danger(Permission.CONTACTS), "POST": _CONTACTS},
    "/contacts/{contact_id}": {"PUT": _CONTACTS, "DELETE": _CONTACTS},
    "/confirmations": {"GET": _HOUSEHOLD, "PUT": _danger(Permission.HOUSEHOLD)},
    "/skills": {"GET": _SEE},
    "/skills/{name}/notes": {"GET": _needs(Permission.SKILLS), "DELETE": _danger(Permission.SKILLS)},
    "/skills/{name}": {"PUT": _danger(Permission.SKILLS), "DELETE": _danger(Permission.HOUSEHOLD)},
}

RULES: Final[Mapping[tuple[str, str], Rule]] = {
    **{("GET", path): rule for path, rule in PAGES.items()},
    ("GET", STATIC): _OPEN,
    ("GET", "/ledger/key"): _LEDGER,
    ("GET", "/ledger/{path:path}"): _LEDGER,
    **{(method, f"/api/v1{path}"): rule for path, methods in _API.items() for method, rule in methods.items()},
}
"""Every route of the server."""


def _pattern(template: str) -> re.Pattern[str]:
    """A template as Starlette reads it: a part in braces is one piece of a path, or all that follows."""
    parts = re.split(r"(\{\w+(?::path)?\})", template)
    pieces = [".*" if part.endswith(":path}") else "[^/]+" if part.startswith("{") else re.escape(part) for part in parts]
    return re.compile("".join(pieces), re.DOTALL)


class RuleBook:
    """The rules of one server, found by method and path. `pages` are those that a browser visits with GET."""

    def __init__(self, rules: Mapping[tuple[str, str], Rule], *, pages: Collection[str]) -> None:
        self.rules = rules
        self.pages = frozenset(pages)
        self._by_pattern = [(method, template, _pattern(template), rule) for (method, template), rule in rules.items()]
        self._exact = {key: Found(key[1], rule) for key, rule in rules.items() if "{" not in key[1]}

    def rule_of(self, method: str, path: str) -> Found | None:
        """The rule of a request, None if there is none; a HEAD without a rule of its own is like the GET."""
        if (found := self._exact.get((method, path))) is not None:
            return found
        found = next(self._fitting(method, path), None)
        return self.rule_of("GET", path) if found is None and method == "HEAD" else found

    def methods_of(self, path: str) -> tuple[str, ...]:
        """The methods that have a rule for a path, WebSockets aside; sorted."""
        named = {key[0] for key, found in self._exact.items() if key[1] == path}
        named |= {method for method, template, pattern, _ in self._by_pattern if "{" in template and pattern.fullmatch(path)}
        return tuple(sorted(named - {"WS"}))

    def _fitting(self, method: str, path: str) -> Iterator[Found]:
        for named, template, pattern, rule in self._by_pattern:
            if named == method and "{" in template and pattern.fullmatch(path):
                yield Found(template, rule)


HOUSE: Final = RuleBook(RULES, pages=PAGES)
"""The rules of the household's server."""
rule_of: Final = HOUSE.rule_of
