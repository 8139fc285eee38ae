"""The household key: private, made once, never replaced by another; and one contract for every service that holds it."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pyrage
import pytest

from earwitness.domain.errors import EarwitnessError, SettingsError, VaultError
from earwitness.vault.household_key import AgeIdentity, KeyFile, KeyService, key_service, mark_of
from earwitness.vault.vault import Places, Vault
from tests.houses_kept import Clock
from tests.unit.vault.setting import error_of, opened_setting

ROW, OTHER_ROW = "a1" * 16, "b2" * 16
Maker = Callable[[Path], KeyService]


def age_file(path: Path) -> Path:
    path.write_text(f"# created: 2026\n# public key: age1...\n{pyrage.x25519.Identity.generate()}\n", encoding="ascii")
    return path


@pytest.fixture(params=["file", "age"])
def make(request: pytest.FixtureRequest) -> Maker:
    """Makes a service of its own in a folder."""
    if request.param == "file":
        return lambda folder: KeyFile(folder / "household.key")
    return lambda folder: AgeIdentity(folder / "id" if (folder / "id").exists() else age_file(folder / "id"))


def folder_of(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    return folder


# The contract


def test_a_key_comes_back_also_after_a_start(make: Maker, tmp_path: Path) -> None:
    key = os.urandom(32)
    wrapped = make(tmp_path).wrap(key, key_id=ROW)
    assert key not in wrapped
    assert make(tmp_path).unwrap(wrapped, key_id=ROW) == key


def test_no_two_wraps_are_alike(make: Maker, tmp_path: Path) -> None:
    service, key = make(tmp_path), os.urandom(32)
    wrapped = [service.wrap(key, key_id=ROW) for _ in range(5)]
    assert len(set(wrapped)) == len(set(map(mark_of, wrapped))) == 5


def test_another_household_another_row_and_anything_changed_is_refused(make: Maker, tmp_path: Path) -> None:
    service, key = make(folder_of(tmp_path, "ours")), os.urandom(32)
    wrapped = service.wrap(key, key_id=ROW)
    other = make(folder_of(tmp_path, "theirs"))
    flips = [wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :] for at in range(0, len(wrapped), 7)]
    hostile: list[tuple[KeyService, bytes, str]] = [(other, wrapped, ROW), (service, wrapped, OTHER_ROW), (service, b"", ROW)]
    hostile += [(service, one, ROW) for one in (*flips, wrapped[:-1], wrapped + b"\0", wrapped[1:], b"\x02", b"\x01" * 61)]
    hostile.append((service, other.wrap(key, key_id=ROW), ROW))
    for by, changed, key_id in hostile:
        with pytest.raises(VaultError) as caught:
            by.unwrap(changed, key_id=key_id)
        assert caught.value.code == "vault.sealed_wrong"


def test_one_service_does_not_open_what_the_other_wrapped(tmp_path: Path) -> None:
    file, age = KeyFile(tmp_path / "household.key"), AgeIdentity(age_file(tmp_path / "id"))
    for wrapped, by in ((file.wrap(bytes(32), key_id=ROW), age), (age.wrap(bytes(32), key_id=ROW), file)):
        assert error_of(by.unwrap, wrapped, key_id=ROW) == "vault.sealed_wrong"


# The file


def test_the_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "household.key"
    KeyFile(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["household.key"]
    assert len(path.read_bytes()) == 28 + 32


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "household.key"
    KeyFile(path)
    path.chmod(mode)
    with pytest.raises(VaultError, match="chmod 600") as caught:
        KeyFile(path)
    assert caught.value.code == "vault.key_open"
    path.chmod(0o400)
    KeyFile(path)


@pytest.mark.parametrize(
    "content", [b"", b"earwitness household key v1\n", b"x" * 60, b"earwitness household key v2\n" + bytes(32)]
)
def test_a_garbled_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "household.key"
    path.write_bytes(content)
    path.chmod(0o600)
    assert error_of(lambda: KeyFile(path)) == "vault.key_missing"
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "household.key").mkdir(mode=0o700)
    assert error_of(lambda: KeyFile(tmp_path / "household.key")) == "vault.key_missing"


def test_two_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path, gate, made = tmp_path / "household.key", Barrier(8), list[KeyFile]()

    def start() -> None:
        gate.wait()
        made.append(KeyFile(path))

    threads = [Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrapped = made[0].wrap(bytes(32), key_id=ROW)
    assert [one.unwrap(wrapped, key_id=ROW) for one in made] == [bytes(32)] * 8
    assert [one.name for one in tmp_path.iterdir()] == ["household.key"]


def test_a_lost_key_is_not_replaced_by_another(tmp_path: Path) -> None:
    """A new key would open nothing, and what is kept with it from now on would hide that the old one is lost."""
    with opened_setting(tmp_path) as setting:
        anna = setting.person()
        turn_id = setting.keep(anna)
    path = tmp_path / "keys" / "household.key"
    away = path.rename(tmp_path / "away.key")
    with pytest.raises(VaultError, match="restore it from a backup") as caught, opened_setting(tmp_path):
        pass
    assert caught.value.code == "vault.key_missing"
    assert not path.exists()
    away.rename(path)
    with opened_setting(tmp_path) as setting:
        assert setting.opens(anna, turn_id)


# The age identity


@pytest.mark.parametrize("content", ["", "AGE-SECRET-KEY-1NONSENSE\n", "# only a comment\n", "\u00e4", "age1publickeyonly\n"])
def test_what_is_no_identity_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "id").write_text(content, encoding="utf-8")
    with pytest.raises(VaultError, match="no age identity") as caught:
        AgeIdentity(tmp_path / "id")
    assert caught.value.code == "vault.key_missing"


def test_without_its_identity_the_vault_does_not_open(tmp_path: Path) -> None:
    identity = age_file(tmp_path / "id")
    with opened_setting(tmp_path, age_identity=identity) as setting:
        anna = setting.person()
        turn_id = setting.keep(anna, sound=b"\1\0" * 400)
    with opened_setting(tmp_path, age_identity=identity) as setting:
        assert setting.sound(anna, turn_id) == b"\1\0" * 400
    assert not (tmp_path / "keys" / "household.key").exists()
    identity.rename(tmp_path / "stick")
    with pytest.raises(VaultError, match="connect what it is kept on"), opened_setting(tmp_path, age_identity=identity):
        pass


@pytest.mark.parametrize(("kind", "error"), [("age", SettingsError), ("tpm", SettingsError)])
def test_a_service_that_is_not_set_up_is_said(tmp_path: Path, kind: str, error: type[EarwitnessError]) -> None:
    with pytest.raises(error):
        key_service(kind, folder=tmp_path, identity=None)


def test_a_vault_that_cannot_open_leaves_no_connection_open(tmp_path: Path) -> None:
    with opened_setting(tmp_path) as setting:
        places = Places(keys_folder=tmp_path / "other", keys=tmp_path / "other.db", recordings=tmp_path / "r", key_service="age")
        with pytest.raises(SettingsError):
            Vault(setting.database, places=places, ledger=setting.ledger, consents=_Nobody(), clock=Clock())
    assert not (tmp_path / "other.db-wal").exists(), "the last connection to close removes the log"


class _Nobody:
    def has_consent(self, person_id: str, purpose: object) -> bool:
        return False

    def is_restricted(self, person_id: str) -> bool:
        return True
