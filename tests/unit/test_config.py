"""Settings: all defaults from an empty file; unknown keys and bad values fail by name."""

from pathlib import Path

import pytest

from earwitness.config import SETTINGS_VARIABLE, Settings, read_settings
from earwitness.domain.errors import SettingsError


def write(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_gives_all_defaults(tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, "")) == Settings()


def test_values_are_read(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, '[wake]\nwords = ["alexa", "hey jarvis"]\n[endpoint]\ncomplete_seconds = 0.5\n'))
    assert settings.wake.words == ("alexa", "hey jarvis")
    assert settings.endpoint.complete_seconds == 0.5


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[wake]\nloudness = 3\n", "wake.loudness"),
        ("surprise = true\n", "surprise"),
        ("[wake]\nsensitivity = 2.0\n", "wake.sensitivity"),
        ('[wake]\nwords = ["a", "b", "c"]\n', "wake.words"),
        ("[server]\nport = 70000\n", "server.port"),
        ('[server]\naccess_code = "fifteen letters!"\n', "server.access_code"),
    ],
)
def test_unknown_keys_and_bad_values_fail_by_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(write(tmp_path, text))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"[wake\n", b"wake = = 1"])
def test_a_file_that_is_no_toml_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match="TOML"):
        read_settings(path)


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTINGS_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(SettingsError, match="no settings file"):
        read_settings()


def test_every_setting_is_documented() -> None:
    def check(part: type, prefix: str) -> None:
        for name, field in part.model_fields.items():  # type: ignore[attr-defined]
            inner = field.annotation
            if isinstance(inner, type) and hasattr(inner, "model_fields"):
                check(inner, f"{prefix}{name}.")
            else:
                assert field.description, f"{prefix}{name} has no description"

    check(Settings, "")
