"""The vault is the only room that can decrypt, and nothing but an explicit command writes sound anywhere else."""

import ast
from functools import cache
from pathlib import Path

import pytest

from earwitness.config import Settings
from tests.test_imports import FILES, ROOT, imports

INNER = {
    "envelope",
    "key_ring",
    "household_key",
    "keeping",
    "rows",
    "blobs",
    "sealing",
    "search",
    "listens",
    "safe",
    "grants",
    "holds",
    "replay",
    "replay_messages",
    "replay_holds",
    "replay_revoked",
}
"""What only the vault itself may import."""
OUTER = {"vault", "door", "audio_read", "demanded", "policy", "disclosure_key", "erasing", "restore"} | {
    "backup",
    "backup_age",
    "backup_parts",
}
"""What others may: the vault put together, the types that it gives, backup and restore."""
MAY_IMPORT = {"build", "rights", "review", "demands", "oversight", "improve", "cli", "prove", "web", "jobs"}
CRYPTOGRAPHY = {"cryptography", "pyrage", "Crypto"}
MAY_USE_CRYPTOGRAPHY = {
    "vault": "keys and what they seal",
    "ledger": "signatures of checkpoints and witnesses",
    "people": "Argon2id of passphrases",
    "trust": "the household's authority, certificates of the server and of devices",
    "remote": "keys of phones in the tunnel",
}
SOUND_WRITERS = {"write_wav", "soundfile.write", "sf.write", "wavfile.write", "wave.open"}
MAY_WRITE_SOUND = {
    "speech/audio_file.py": "the function itself",
    "cli/turns.py": "`earwitness say --out` and `ask --save`",
    "web/api.py": "the reply of a request, in memory",
    "foreign/sound.py": "a reply for the player of a device of another make, in memory",
}
MAY_OPEN = {
    "vault/household_key.py": "keys of people",
    "vault/key_ring.py": "keys of people and recordings",
    "vault/door.py": "words and sound",
    "vault/safe.py": "secrets of links, contacts",
}
"""Who calls the functions that decrypt."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nobody_else_imports_what_can_decrypt(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[:2] == ["earwitness", "vault"] and room != "vault":
            assert len(parts) > 2, f"{name_of(path)} imports the whole room"
            assert parts[2] in OUTER, f"{name_of(path)} imports {name}, which is the vault's own"
            assert room in MAY_IMPORT, f"{room} may not reach the vault"


def test_every_file_of_the_vault_is_either_inner_or_outer() -> None:
    found = {path.stem for path in (ROOT / "vault").glob("*.py")} - {"__init__", "ports"}
    told = (
        INNER
        | OUTER
        | {
            "backup_format",
            "replay_list",
            "replay_oversight",
            "restore_keys",
            "restore_ledger",
            "restore_present",
            "restore_unpack",
        }
    )
    assert found <= told, "say in this test who may import it"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_cryptography_is_used_where_it_is_needed_only(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)} & CRYPTOGRAPHY
    assert not used or room_of(path) in MAY_USE_CRYPTOGRAPHY, f"{name_of(path)} uses {used}"


@cache
def calls(path: Path) -> set[str]:
    """The names of everything that a file calls, such as "write_wav" and "wave.open"."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_door_alone_decrypts(path: Path) -> None:
    named = {"open_text", "open_audio", "open_small", "unwrap_key"}
    used = calls(path) & (named | {f"envelope.{one}" for one in named})
    assert not used or name_of(path) in MAY_OPEN, f"{name_of(path)} calls {used}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_sound_is_written_by_explicit_commands_only(path: Path) -> None:
    used = calls(path) & SOUND_WRITERS
    assert not used or name_of(path) in MAY_WRITE_SOUND, f"{name_of(path)} calls {used}"


def test_those_that_are_named_here_do_what_they_are_named_for() -> None:
    """An exception that nobody needs any more goes."""
    by_name = {name_of(path): path for path in FILES}
    assert all(calls(by_name[name]) & SOUND_WRITERS or name == "speech/audio_file.py" for name in MAY_WRITE_SOUND)
    assert all(calls(by_name[name]) & {"open_text", "open_audio", "open_small", "unwrap_key"} for name in MAY_OPEN)
    rooms = {room_of(path) for path in FILES if {name.split(".")[0] for name in imports(path)} & CRYPTOGRAPHY}
    assert rooms == set(MAY_USE_CRYPTOGRAPHY)


def test_no_setting_leads_sound_past_the_vault() -> None:
    suspect = {"debug", "dump", "capture", "record", "save", "wav", "trace"}
    allowed = {("vault", "recordings")}
    found: list[tuple[str, ...]] = []

    def look(model: type, at: tuple[str, ...]) -> None:
        for name, field in model.model_fields.items():  # type: ignore[attr-defined]
            inner = field.annotation
            if isinstance(inner, type) and hasattr(inner, "model_fields"):
                look(inner, (*at, name))
            elif any(word in name for word in suspect):
                found.append((*at, name))

    look(Settings, ())
    assert set(found) <= allowed
