"""Satellites, phones, tokens and passkeys after a restore: they work without pairing again, unless they were revoked."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from earwitness.config import RemoteSettings
from earwitness.domain.account import AccountRole, Scope
from earwitness.domain.device import DeviceKind
from earwitness.ledger.signing_key import signing_key
from earwitness.people.devices import Devices, new_device_id
from earwitness.people.invitations import Invitations
from earwitness.people.remotes import Remotes
from earwitness.remote.remote import Remote
from earwitness.trust import tls
from earwitness.trust.authority import Authority
from earwitness.trust.certificates import key_digest_of
from earwitness.trust.identity import Identity
from earwitness.vault.backup import KeysBackup
from earwitness.vault.backup_age import write_sealed
from earwitness.vault.backup_format import Member, pack
from earwitness.vault.backup_parts import WAY_IN
from earwitness.vault.replay_list import read_list
from earwitness.vault.restore import replay_lists
from earwitness.vault.restore_unpack import MemorySink, unpack
from tests.houses_kept import error_of
from tests.unit.people.authenticator import Authenticator
from tests.unit.trust.houses import Clock as TrueClock
from tests.unit.trust.houses import shake
from tests.unit.vault.backed_up import PASSPHRASE, Household, Opened
from tests.unit.vault.restored_from import RECENT, Source

HOST, PAGE = "home.test", "https://home.test"
SETTINGS = RemoteSettings(endpoint="home.example.org", interface="ewnosuch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What lets somebody or something in, and how to see whether it still does."""

    satellite: Identity
    device_id: str
    phone_id: str
    token: str
    token_id: str
    passkey: Authenticator


class Home:
    """A household with access of every kind: what stays, and what is going to be revoked."""

    def __init__(self, folder: Path) -> None:
        self.house = Household(folder)
        self.folder = folder
        with self.house.open() as home:
            self.ada = home.people.add("Ada", passphrase=PASSPHRASE).person_id
            self.stays, self.goes = self._let_in(home, "stays"), self._let_in(home, "goes")

    def _let_in(self, home: Opened, name: str) -> Access:
        identity, device_id = Identity(self.folder / name), new_device_id()
        authority = self.authority()
        made = authority.device_certificate(identity.public_key, device_id=device_id)
        identity.join(made.pem, household=authority.certificate_pem)
        self.devices(home).add(name, kind=DeviceKind.SATELLITE, key_digest=made.key_digest, device_id=device_id)
        phone = self.remote(home).add(name).phone
        ada, device = home.people.find(self.ada), Authenticator()
        token, secret = home.people.accounts.make_token(ada, name, scopes=frozenset({Scope.HOME}))
        asked = home.people.accounts.passkeys.begin_adding(ada, host=HOST)
        answer = device.make(asked.options)
        home.people.accounts.add_passkey(ada, asked.ceremony_id, answer=answer, host=HOST, page=PAGE, name=name)
        return Access(
            satellite=identity,
            device_id=device_id,
            phone_id=phone.remote_id,
            token=secret,
            token_id=token.token_id,
            passkey=device,
        )

    def authority(self) -> Authority:
        return Authority(self.house.state / "keys", clock=TrueClock())

    def devices(self, home: Opened) -> Devices:
        return Devices(home.stores.household, clock=self.house.clock)

    def remote(self, home: Opened) -> Remote:
        remotes = Remotes(home.stores.household, clock=self.house.clock)
        return Remote(remotes, keys_folder=self.house.state / "keys", settings=SETTINGS)

    def revoke(self, home: Opened) -> None:
        accounts = home.people.accounts
        self.devices(home).revoke(self.goes.device_id)
        self.remote(home).revoke(self.goes.phone_id)
        accounts.revoke_token(self.ada, self.goes.token_id)
        accounts.remove_passkey(self.ada, self.goes.passkey.credential_id.hex())

    def comes_in(self, access: Access) -> list[str]:
        """What of it is let in, tried as each does it: a handshake of TLS and the registry, the tunnel's table, a request, a
        sign-in."""
        with self.house.open() as home:
            tries: dict[str, Callable[[], bool]] = {
                "satellite": lambda: self._shakes_hands(home, access),
                "phone": lambda: access.phone_id in {one.remote_id for one in self.remote(home).phones()},
                "token": lambda: home.people.accounts.tokens.find(access.token) is not None,
                "passkey": lambda: self._signs_in(home, access),
            }
            return [name for name, is_in in tries.items() if is_in()]

    def _shakes_hands(self, home: Opened, access: Access) -> bool:
        authority = self.authority()
        certificate, key = authority.server_files(("127.0.0.1",))
        server = tls.device_server_context(certificate, key, household_pem=authority.certificate_pem)
        shaken = shake(server, tls.device_client_context(access.satellite))
        assert shaken.device_certificate is not None
        digest = key_digest_of(shaken.device_certificate)
        code = error_of(lambda: self.devices(home).by_key(digest))
        assert code in ("", "device.revoked", "device.unknown")
        return not code

    def _signs_in(self, home: Opened, access: Access) -> bool:
        passkeys = home.people.accounts.passkeys
        asked = passkeys.begin_sign_in(host=HOST)
        answer = access.passkey.sign(asked.options)
        return not error_of(lambda: passkeys.use(asked.ceremony_id, answer=answer, host=HOST, origin=PAGE))


EVERYTHING = ["satellite", "phone", "token", "passkey"]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_on_a_new_machine_satellites_and_phones_work_without_pairing_again(home: Home) -> None:
    house = home.house
    with house.open() as before:
        profile = home.remote(before).server_profile()
    authority = home.authority()
    authority.server_files(("127.0.0.1",))
    authority.begin_succession()
    house.backup_data()
    keys = house.backup_keys()
    house.lose()
    restored = house.restore(keys)
    assert {path.name for path in (house.state / "keys").iterdir()} >= set(WAY_IN)
    assert all((house.state / "keys" / name).stat().st_mode & 0o777 == 0o600 for name in WAY_IN)
    assert not (house.state / "keys" / "server.key").exists(), "a server's own key is made anew"
    assert home.authority().fingerprint == authority.fingerprint
    assert home.authority().trusted_pem == authority.trusted_pem
    assert home.comes_in(home.stays) == home.comes_in(home.goes) == EVERYTHING
    with house.open() as after:
        assert home.remote(after).server_profile() == profile, "keys, preshared keys, peers and addresses"
    assert restored.replayed.revoked == 0
    assert restored.revoked_until == house.clock()


def test_the_keys_are_in_no_backup_of_data(home: Home) -> None:
    home.authority().begin_succession()
    home.house.backup_data()
    sink = MemorySink()
    unpack(home.house.data, "data", sink, identities=[home.house.identity])
    secrets = [(home.house.state / "keys" / name).read_bytes()[40:90] for name in WAY_IN]
    assert not [name for name, data in sink.members.items() if any(secret in data for secret in secrets)]


# Revocations are not undone


@RECENT
def test_what_was_revoked_after_the_backup_stays_out(home: Home, source: Source) -> None:
    house = home.house
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(days=1)
    with house.open() as now:
        home.revoke(now)
    assert home.comes_in(home.goes) == []
    restored = source(house, older)
    assert restored.replayed.revoked == 4
    assert home.comes_in(home.goes) == []
    assert home.comes_in(home.stays) == EVERYTHING
    with house.open() as after:
        gone = home.devices(after).find(home.goes.device_id)
        assert gone.is_revoked
        home.devices(after).add("goes", kind=DeviceKind.SATELLITE, key_digest=bytes(32))  # the name is free again
    known = read_list(house.write_erasures(), verifier=signing_key(house.parts.ledger_key).verifier())
    assert {line.kind for line in known.revocations} == set(EVERYTHING)


@RECENT
def test_no_invitation_comes_back(home: Home, source: Source) -> None:
    """Neither one that was used since, nor one that was taken back, nor one that was open: nobody can be sure which are."""
    house = home.house

    def code_of(now: Opened, note: str) -> tuple[str, str]:
        made, code = invitations(now).make(now.people.find(home.ada), role=AccountRole.ADULT, note=note)
        return made.invitation_id, code

    def invitations(now: Opened) -> Invitations:
        return Invitations(now.stores.household, people=now.people, clock=house.clock)

    with house.open() as now:
        made = {note: code_of(now, note) for note in ("used", "taken back", "open")}
    house.backup_data()
    older = house.backup_keys()
    house.clock.advance(hours=1)
    with house.open() as now:
        invitations(now).accept(made["used"][1], "Ben", passphrase=PASSPHRASE)
        invitations(now).revoke(made["taken back"][0], by=now.people.find(home.ada))
    source(house, older)
    with house.open() as after:
        assert [one.name for one in after.people.all()] == ["Ada"]
        for _, code in made.values():
            accept = partial(invitations(after).accept, code, "Eve", passphrase=PASSPHRASE)
            assert error_of(accept) == "access.wrong"
        assert invitations(after).all() == ()


def test_what_nothing_tells_of_is_in_again_and_the_restore_says_since_when(home: Home) -> None:
    """With disk, newer keys and lists all lost, nobody knows; a list that begins too late does not count either."""
    house = home.house
    house.backup_data()
    older = house.backup_keys()
    made_at = house.clock()
    house.clock.advance(days=1)
    with house.open() as now:
        home.revoke(now)
    house.clock.advance(days=1)
    late = house.write_erasures(since=house.clock() - timedelta(hours=1))
    house.lose()
    restored = house.restore(older, lists=(late,), accepts_older_ledger=True)
    assert (restored.replayed.revoked, restored.revoked_until) == (0, made_at)
    assert home.comes_in(home.goes) == EVERYTHING


@pytest.mark.parametrize("days", [0, 30])
def test_lists_reach_as_far_as_they_follow_on_each_other(home: Home, days: int) -> None:
    house, lists = home.house, []
    house.backup_data()
    keys = house.backup_keys()
    begin = house.clock()
    for since, after in ((begin, 1), (begin + timedelta(days=1 + days), 2)):
        house.clock.now = begin + timedelta(days=after + days)
        lists.append(house.write_erasures(since=since).rename(house.folder / f"list-{after}"))
    house.lose()
    restored = house.restore(keys, lists=tuple(lists), accepts_older_ledger=True)
    assert restored.revoked_until == begin + timedelta(days=2 + days)


# Backups from before


def without_way_in(home: Home, keys: KeysBackup) -> None:
    """Make a backup of the keys what it was before these keys were in it."""
    house, sink = home.house, MemorySink()
    about = unpack(keys.path, "keys", sink, identities=[house.identity])
    members = [Member(name=name, size=len(data), chunks=[data]) for name, data in sink.members.items() if name not in WAY_IN]
    assert len(members) == 4
    blocks = pack(about, members, key=signing_key(house.parts.ledger_key), folder=house.folder)
    write_sealed(keys.path, blocks, recipients=[house.recipient])


def test_a_backup_without_these_keys_restores_and_devices_are_paired_anew(home: Home) -> None:
    house, before = home.house, home.authority().fingerprint
    house.backup_data()
    keys = house.backup_keys()
    without_way_in(home, keys)
    house.lose()
    house.restore(keys)
    assert not [name for name in WAY_IN if (house.state / "keys" / name).exists()]
    assert home.authority().fingerprint != before


def test_in_place_of_keys_that_an_old_backup_lacks_stay_those_that_are_here(home: Home) -> None:
    house = home.house
    house.backup_data()
    keys = house.backup_keys()
    without_way_in(home, keys)
    house.restore(keys, replaces=True, removes_old=True)
    assert home.comes_in(home.stays) == EVERYTHING


def test_a_state_from_before_revocations_were_noted_is_asked_for_what_it_knows(home: Home) -> None:
    house = home.house
    house.backup_data()
    keys = house.backup_keys()
    with house.open() as now:
        home.devices(now).revoke(home.goes.device_id)
    with sqlite3.connect(house.state / "household.db") as connection:
        connection.execute("DROP TABLE revocations")
    restored = house.restore(keys, replaces=True)
    assert (restored.unreadable, restored.replayed.revoked) == ((), 1)
    assert home.comes_in(home.goes) == ["phone", "token", "passkey"]


# By other tools


def test_what_other_tools_restored_is_revoked_again_by_a_list(home: Home) -> None:
    house = home.house
    before = {path: path.read_bytes() for path in house.state.glob("household.db*")}
    with house.open() as now:
        home.revoke(now)
    known = house.write_erasures()
    for path in house.state.glob("household.db*"):
        path.unlink()
    for path, data in before.items():
        path.write_bytes(data)
    assert home.comes_in(home.goes) == EVERYTHING, "a plain copy lets it in"
    assert replay_lists(house.parts, [known], clock=house.clock).revoked == 4
    assert home.comes_in(home.goes) == []
    assert replay_lists(house.parts, [known], clock=house.clock).revoked == 0


def test_nobody_is_noted_who_only_asks(home: Home) -> None:
    """Ids that nothing has would make a list that nobody can read."""
    with home.house.open() as now:
        Remotes(now.stores.household, clock=home.house.clock).remove("no id at all")
        now.people.accounts.passkeys.remove(home.ada, "00")
        assert now.people.accounts.tokens.revoke(home.ada, "nothing") is None
    verifier = signing_key(home.house.parts.ledger_key).verifier()
    assert read_list(home.house.write_erasures(), verifier=verifier).revocations == ()
