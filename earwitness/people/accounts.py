"""Accounts: signing in, showing again who one is, and changing how one signs in; every step is in the account's own log.

It joins the parts of this room (throttle, sign-ins, passkeys, codes, tokens, log) and owns the column `passphrase_hash`.
Whose account it is and in what role is for `people.py`; who may act on whose account is decided by who calls. Calls block.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from earwitness.domain.account import HERE, AccountEvent, Origin, Scope, SignInWay
from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.person import Person
from earwitness.people import passphrase as secret
from earwitness.people.account_log import AccountEntry, AccountLog
from earwitness.people.passkeys import Passkey, PasskeyCopiedError, Passkeys
from earwitness.people.recovery_codes import RecoveryCodes
from earwitness.people.rows import name_key, person_of_row, unknown_person
from earwitness.people.sign_ins import SignIn, SignIns
from earwitness.people.throttle import Throttle
from earwitness.people.tokens import USUAL_DAYS, Token, Tokens
from earwitness.people.totp import Safe, Totps
from earwitness.storage.database import Database
from earwitness.storage.household import people


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A sign-in that just began or was confirmed. `token` is for the cookie and is shown nowhere else."""

    person: Person
    token: str
    way: SignInWay


@cache
def _nobodys_hash() -> str:
    """What a passphrase is compared with where nobody has the name; made before anybody asks, so that no answer takes longer."""
    return secret.hashed(secrets.token_hex(16))


class Accounts:
    """All accounts. `clock` gives aware datetimes; `safe` seals what codes from phones are made of, which none are without."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], safe: Callable[[], Safe] | None = None) -> None:
        self._database = database
        self._clock = clock
        self.sign_ins = SignIns(database, clock=clock)
        self.log = AccountLog(database, clock=clock)
        self.passkeys = Passkeys(database, clock=clock)
        self.totp = Totps(database, clock=clock, safe=safe)
        self.recovery = RecoveryCodes(database)
        self.tokens = Tokens(database, clock=clock)
        self.throttle = Throttle()
        self._nobody = _nobodys_hash()

    # Signing in

    def check(self, name: str, *, passphrase: str, code: str | None = None, origin: Origin = HERE) -> tuple[Person, SignInWay]:
        """Who that is, and how they showed it; begins no sign-in. `code` is from the phone or a recovery code.

        Raises AccessError: access.wrong, the same for a wrong name, a wrong passphrase and a suspended account; access.wait;
        access.code_needed where all is right but a code is missing; access.wrong_code; access.no_key where a code cannot be
        checked. Raises PersonError for what is no name.
        """
        key = name_key(name)
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.name_key == key)).one_or_none()
        known = self.sign_ins.is_known(row.person_id if row else "", origin.address)
        try:
            tried = self.throttle.begin(key, origin.address, now=self._clock().timestamp(), is_known=known)
        except AccessError:
            self._note(row, AccountEvent.SIGN_IN_DELAYED, origin)
            raise
        is_right = secret.is_right(passphrase, phc=row.passphrase_hash if row else self._nobody)
        if row is None or not is_right or row.suspended_at is not None:
            self._note(row, AccountEvent.SIGN_IN_FAILED, origin)
            raise AccessError("That name and passphrase do not belong together.", code="access.wrong")
        try:
            way = self._check_code(row, code, origin=origin)
        except AccessError as error:
            if error.code in ("access.code_needed", "access.no_key"):
                self.throttle.was_right(tried)
            raise
        self.throttle.was_right(tried)
        if secret.is_outdated(row.passphrase_hash):
            self._set_hash(row.person_id, secret.hashed(passphrase))
        return person_of_row(row), way

    def sign_in(self, name: str, *, passphrase: str, code: str | None = None, origin: Origin = HERE) -> SignedIn:
        """Sign somebody in. Where access.code_needed is raised, ask for the code and send all three. Raises as `check` does."""
        person, way = self.check(name, passphrase=passphrase, code=code, origin=origin)
        return self._let_in(person, way=way, origin=origin)

    def sign_in_with_passkey(
        self, ceremony_id: str, *, answer: dict[str, Any], host: str, page: str, origin: Origin = HERE
    ) -> SignedIn:
        """Sign in whoever's passkey answered `passkeys.begin_sign_in`; `page` is the page's origin, with scheme and port.

        Raises AccessError (access.wrong, access.wait).
        """
        return self._let_in(
            self._used_passkey(ceremony_id, answer=answer, host=host, page=page, origin=origin),
            way=SignInWay.PASSKEY,
            origin=origin,
        )

    def let_in(self, person: Person, *, way: SignInWay = SignInWay.SETUP, origin: Origin = HERE) -> SignedIn:
        """Sign in somebody who has just shown who they are in another way, such as by enrolling."""
        return self._let_in(person, way=way, origin=origin)

    def confirm(self, token: str, *, passphrase: str, code: str | None = None, origin: Origin = HERE) -> SignedIn:
        """Show again who one is, before a dangerous act: gives a new token, and the old one ends. Raises as `check` does, and
        AccessError (access.not_signed_in) where the sign-in has ended."""
        person, _ = self._standing(token)
        _, way = self.check(person.name, passphrase=passphrase, code=code, origin=origin)
        return self._confirmed(token, person, way=way, origin=origin)

    def confirm_with_passkey(
        self, token: str, ceremony_id: str, *, answer: dict[str, Any], host: str, page: str, origin: Origin = HERE
    ) -> SignedIn:
        """The same with a passkey, which must be the same person's."""
        person, _ = self._standing(token)
        found = self._used_passkey(ceremony_id, answer=answer, host=host, page=page, origin=origin)
        if found.person_id != person.person_id:
            raise AccessError("That is somebody else's passkey.", code="access.wrong")
        return self._confirmed(token, person, way=SignInWay.PASSKEY, origin=origin)

    def sign_out(self, token: str, *, origin: Origin = HERE) -> None:
        """End a sign-in by its token."""
        whose = self.sign_ins.end(token)
        if whose is not None:
            self.log.note(whose, AccountEvent.SIGNED_OUT, origin=origin)

    def sign_out_one(self, person_id: str, sign_in_id: str, *, origin: Origin = HERE) -> None:
        """End one of a person's sign-ins. Raises PersonError if there is none of that id."""
        if not self.sign_ins.end_one(person_id, sign_in_id):
            raise PersonError("That sign-in has ended already.")
        self.log.note(person_id, AccountEvent.SIGNED_OUT_ONE, origin=origin)

    def sign_out_everywhere(self, person_id: str, *, but: str | None = None, origin: Origin = HERE) -> int:
        """End all of a person's sign-ins, but the one of that id; gives how many."""
        ended = self.sign_ins.end_all(person_id, but=but)
        self.log.note(person_id, AccountEvent.SIGNED_OUT_EVERYWHERE, origin=origin, detail=str(ended))
        return ended

    # Changing how one signs in

    def change_passphrase(
        self, person_id: str, passphrase: str, *, but: str | None = None, known: tuple[str, ...] = (), origin: Origin = HERE
    ) -> None:
        """Set a new passphrase and end the other sign-ins, all but the one of id `but`. Raises PersonError (person.weak)."""
        person = self._find(person_id)
        secret.check_good(passphrase, known=(person.name, *known))
        self._set_hash(person_id, secret.hashed(passphrase))
        self.sign_ins.end_all(person_id, but=but)
        self.throttle.forget(name_key(person.name))
        self.log.note(person_id, AccountEvent.PASSPHRASE_CHANGED, origin=origin)

    def add_passkey(
        self, person: Person, ceremony_id: str, *, answer: dict[str, Any], host: str, page: str, name: str, origin: Origin = HERE
    ) -> Passkey:
        """Take a passkey that answered `passkeys.begin_adding`. Raises AccessError, PersonError."""
        made = self.passkeys.add(person.person_id, ceremony_id, answer=answer, host=host, origin=page, name=name)
        self.log.note(person.person_id, AccountEvent.PASSKEY_ADDED, origin=origin, detail=made.name)
        return made

    def remove_passkey(self, person_id: str, passkey_id: str, *, origin: Origin = HERE) -> None:
        """Remove a passkey. Raises PersonError if there is none of that id."""
        gone = self.passkeys.remove(person_id, passkey_id)
        if gone is None:
            raise PersonError("There is no such passkey.")
        self.log.note(person_id, AccountEvent.PASSKEY_REMOVED, origin=origin, detail=gone.name)

    def turn_code_on(self, person_id: str, code: str, *, origin: Origin = HERE) -> tuple[str, ...]:
        """Ask for a code from now on, after `totp.begin` and a first right code; gives ten recovery codes, shown this once.

        Raises AccessError (access.wrong_code; access.wait; access.no_key).
        """
        tried = self.throttle.begin(f"code {person_id}", origin.address, now=self._clock().timestamp())
        self.totp.confirm(person_id, code)
        self.throttle.was_right(tried)
        self.log.note(person_id, AccountEvent.CODE_TURNED_ON, origin=origin)
        return self.recovery.renew(person_id)

    def turn_code_off(self, person_id: str, *, origin: Origin = HERE) -> None:
        """Ask for no code any more; recovery codes are worth nothing then."""
        was_on = self.totp.remove(person_id)
        self.recovery.remove(person_id)
        if was_on:
            self.log.note(person_id, AccountEvent.CODE_TURNED_OFF, origin=origin)

    def renew_recovery(self, person_id: str, *, origin: Origin = HERE) -> tuple[str, ...]:
        """Ten new recovery codes instead of the old ones, shown this once. Raises AccessError where no code is asked for."""
        if not self.totp.is_on(person_id):
            raise AccessError("Turn codes from your phone on first; recovery codes stand in for those.", code="access.refused")
        codes = self.recovery.renew(person_id)
        self.log.note(person_id, AccountEvent.RECOVERY_RENEWED, origin=origin)
        return codes

    def make_token(
        self, person: Person, name: str, *, scopes: frozenset[Scope], days: int = USUAL_DAYS, origin: Origin = HERE
    ) -> tuple[Token, str]:
        """A token for automation and its secret, shown this once. Raises PersonError, AccessError."""
        made, shown = self.tokens.make(person, name, scopes=scopes, days=days)
        self.log.note(person.person_id, AccountEvent.TOKEN_MADE, origin=origin, detail=made.name)
        return made, shown

    def revoke_token(self, person_id: str, token_id: str, *, origin: Origin = HERE) -> None:
        """End a token at once. Raises PersonError if there is none of that id."""
        gone = self.tokens.revoke(person_id, token_id)
        if gone is None:
            raise PersonError("There is no such token.")
        self.log.note(person_id, AccountEvent.TOKEN_REVOKED, origin=origin, detail=gone.name)

    def reset(self, person_id: str, passphrase: str, *, origin: Origin = HERE) -> None:
        """Give an account that lost everything a new passphrase: passkeys, codes, tokens and sign-ins end. For somebody at the
        machine itself alone, who could read its files anyway. Raises PersonError (person.weak)."""
        self.change_passphrase(person_id, passphrase, origin=origin)
        self.passkeys.remove_all(person_id)
        self.tokens.revoke_all(person_id)
        self.turn_code_off(person_id, origin=origin)
        self.log.note(person_id, AccountEvent.RESET, origin=origin)

    def entries(self, person_id: str, *, limit: int = 100, before: int | None = None) -> tuple[AccountEntry, ...]:
        """A person's own log, newest first."""
        return self.log.of(person_id, limit=limit, before=before)

    # Parts

    def _check_code(self, row: Any, code: str | None, *, origin: Origin) -> SignInWay:
        if row.totp_confirmed_at is None:
            return SignInWay.PASSPHRASE
        if not code or not code.strip():
            raise AccessError("Add the code from your phone, or a recovery code.", code="access.code_needed")
        try:
            if self.totp.use(row.person_id, code):
                return SignInWay.CODE
        except AccessError:
            self.log.note(row.person_id, AccountEvent.SIGN_IN_FAILED, origin=origin, detail="no key for codes")
            raise
        if self.recovery.use(row.person_id, code):
            left = self.recovery.left(row.person_id)
            self.log.note(row.person_id, AccountEvent.RECOVERY_USED, origin=origin, detail=f"{left} left")
            return SignInWay.RECOVERY
        self.log.note(row.person_id, AccountEvent.SIGN_IN_FAILED, origin=origin, detail="code")
        raise AccessError("That code is not right, or was used already; take the next one.", code="access.wrong_code")

    def _used_passkey(self, ceremony_id: str, *, answer: dict[str, Any], host: str, page: str, origin: Origin) -> Person:
        tried = self.throttle.begin("passkey", origin.address, now=self._clock().timestamp(), is_known=True)
        try:
            used = self.passkeys.use(ceremony_id, answer=answer, host=host, origin=page)
        except PasskeyCopiedError as error:
            self.log.note(error.person_id, AccountEvent.PASSKEY_COPIED, origin=origin)
            raise
        self.throttle.was_right(tried)
        return self._find(used.person_id)

    def _let_in(self, person: Person, *, way: SignInWay, origin: Origin) -> SignedIn:
        token = self.sign_ins.begin(person.person_id, way=way, origin=origin)
        self.log.note(person.person_id, AccountEvent.SIGNED_IN, origin=origin, detail=way.value)
        return SignedIn(person=person, token=token, way=way)

    def _confirmed(self, token: str, person: Person, *, way: SignInWay, origin: Origin) -> SignedIn:
        try:
            fresh = self.sign_ins.confirm(token)
        except PersonError as error:
            raise AccessError(error.sentence, code="access.not_signed_in") from error
        self.log.note(person.person_id, AccountEvent.CONFIRMED, origin=origin, detail=way.value)
        return SignedIn(person=person, token=fresh, way=way)

    def _standing(self, token: str) -> tuple[Person, SignIn]:
        found = self.sign_ins.find(token)
        if found is None:
            raise AccessError("That sign-in has ended; sign in again.", code="access.not_signed_in")
        return found

    def _note(self, row: Any, what: AccountEvent, origin: Origin) -> None:
        """Note what befell an account. For a name that nobody has the same work is done, and nothing is added."""
        self.log.note(row.person_id if row is not None else "", what, origin=origin)

    def _set_hash(self, person_id: str, phc: str) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(people).where(people.c.person_id == person_id).values(passphrase_hash=phc))

    def _find(self, person_id: str) -> Person:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(people).where(people.c.person_id == person_id)).one_or_none()
        if row is None:
            raise unknown_person()
        return person_of_row(row)
