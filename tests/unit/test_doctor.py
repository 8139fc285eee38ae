import json
import socket
from pathlib import Path

import pytest

from earwitness.config import (
    ForeignSettings,
    HomeSettings,
    SatelliteSettings,
    ServerSettings,
    Settings,
    VaultSettings,
    state_folder,
)
from earwitness.doctor import DoctorReport, Finding, Verdict, examine
from earwitness.speech.models import ModelStore


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "anna"))
    monkeypatch.setenv("EARWITNESS_MODELS", str(tmp_path / "anna" / "models"))
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path / "anna" / "state"))
    monkeypatch.setenv("EARWITNESS_SETTINGS", str(tmp_path / "anna" / "settings.toml"))


def look(settings: Settings, *, tmp_path: Path) -> DoctorReport:
    return examine(settings, store=ModelStore(tmp_path / "anna" / "models"))


def finding(report: DoctorReport, subject: str) -> Finding:
    return next(one for one in report.findings if one.subject == subject)


def test_models_that_are_not_assembled_are_a_problem_with_advice(tmp_path: Path) -> None:
    report = look(Settings(), tmp_path=tmp_path)
    whisper = finding(report, "recognition (Whisper base, int8)")
    assert whisper.verdict is Verdict.PROBLEM
    assert "earwitness models fetch" in whisper.advice
    assert report.has_problem


def test_an_altered_model_is_told_with_its_digests(tmp_path: Path) -> None:
    altered = tmp_path / "anna" / "models" / "whisper-base" / "model.bin"
    altered.parent.mkdir(parents=True)
    altered.write_bytes(b"something else")
    report = look(Settings(), tmp_path=tmp_path)
    assert "whisper-base/model.bin: wrong digest" in finding(report, "recognition (Whisper base, int8)").fact
    model = next(model for model in report.as_json()["models"] if model["name"] == "whisper-base/model.bin")  # type: ignore[attr-defined]
    assert model["found_sha256"] != model["expected_sha256"]


def test_a_port_in_use_is_a_warning(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(server=ServerSettings(port=taken.getsockname()[1]))
        port = finding(look(settings, tmp_path=tmp_path), "port")
        assert port.verdict is Verdict.WARNING
    assert finding(look(settings, tmp_path=tmp_path), "port").verdict is Verdict.OK


def test_a_home_file_that_is_none_is_a_problem(tmp_path: Path) -> None:
    settings = Settings(home=HomeSettings(file=tmp_path / "home.yaml"))
    home = finding(look(settings, tmp_path=tmp_path), "home")
    assert home.verdict is Verdict.PROBLEM
    assert home.advice


def test_the_report_names_no_account_and_no_secret(tmp_path: Path) -> None:
    settings = Settings(server=ServerSettings(port=1234))
    report = look(settings, tmp_path=tmp_path)
    printed = json.dumps(report.as_json())
    assert "anna" not in printed
    assert "correct horse" not in printed
    assert finding(report, "models folder").fact.startswith("~/models")


def test_every_warning_and_problem_says_what_to_do(tmp_path: Path) -> None:
    report = look(Settings(), tmp_path=tmp_path)
    assert {one.subject for one in report.findings} >= {
        "Python",
        "packages",
        "processor",
        "microphone",
        "speaker",
        "settings",
        "port",
    }
    for one in report.findings:
        assert bool(one.advice) == (one.verdict is not Verdict.OK), one


def test_it_says_where_the_key_is_and_who_may_read_it(tmp_path: Path) -> None:
    def keys(settings: Settings) -> Finding:
        return finding(look(settings, tmp_path=tmp_path), "keys")

    assert keys(Settings()).verdict is Verdict.OK
    file = state_folder() / "keys" / "household.key"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"key")
    file.chmod(0o644)
    open_to_others = keys(Settings())
    assert open_to_others.verdict is Verdict.PROBLEM
    assert "chmod 600" in open_to_others.advice
    file.chmod(0o600)
    assert keys(Settings()).verdict is Verdict.OK
    away = Settings(vault=VaultSettings(key_service="age", age_identity=tmp_path / "stick" / "identity.txt"))
    assert keys(away).verdict is Verdict.PROBLEM


def test_it_warns_for_as_long_as_sound_travels_unencrypted(tmp_path: Path) -> None:
    calm = look(Settings(foreign=ForeignSettings(wyoming_services=True)), tmp_path=tmp_path)
    assert not {"unencrypted", "foreign"} & {one.subject for one in calm.findings}
    trusting = look(Settings(foreign=ForeignSettings(trusted_interface="192.0.2.1")), tmp_path=tmp_path)
    warned = finding(trusting, "unencrypted")
    assert warned.verdict is Verdict.WARNING
    assert "192.0.2.1" in warned.fact


@pytest.mark.parametrize(
    "foreign",
    [ForeignSettings(wyoming_services=True, wyoming_host="192.0.2.1"), ForeignSettings(trusted_interface="nosuch0")],
)
def test_an_address_that_may_not_be_unencrypted_is_a_problem(tmp_path: Path, foreign: ForeignSettings) -> None:
    assert finding(look(Settings(foreign=foreign), tmp_path=tmp_path), "foreign").verdict is Verdict.PROBLEM


def test_it_looks_at_a_satellite_only_where_there_is_one(tmp_path: Path) -> None:
    assert all(one.subject != "pairing" for one in look(Settings(), tmp_path=tmp_path).findings)
    settings = Settings(satellite=SatelliteSettings(mute_switch=tmp_path / "switch"))
    report = look(settings, tmp_path=tmp_path)
    assert finding(report, "pairing").verdict is Verdict.WARNING
    assert finding(report, "mute switch").verdict is Verdict.PROBLEM
    (tmp_path / "switch").write_text("0")
    assert finding(look(settings, tmp_path=tmp_path), "mute switch").verdict is Verdict.OK
