"""Prepares a test machine: installs the programs that tests drive, when they are missing and this is Debian and root, and a
foreign satellite in an environment of its own (.venv-foreign), whose packages ours cannot share. With `--links` it installs
instead the servers that tests/links starts, synapse in an environment of its own (.venv-synapse); none is started as a service.

It never fails and prints what it did: where it cannot install, the tests that need the program are skipped and say why.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

PACKAGES = {
    "bwrap": "bubblewrap",
    "chromium": "chromium",
    "dictd": "dictd",
    "pulseaudio": "pulseaudio",
    "paplay": "pulseaudio-utils",
    "ip": "iproute2",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}
"""The Debian package of each program."""
LINKED = {
    "baresip": "baresip-core",
    "dictd": "dictd",
    "gammu-smsd": "gammu-smsd",
    "kamailio": "kamailio",
    "mosquitto": "mosquitto",
    "mpd": "mpd",
    "mpv": "mpv",
    "prosody": "prosody",
    "sipp": "sip-tester",
    "snapclient": "snapclient",
    "snapserver": "snapserver",
}
"""The Debian package of each program that tests/links starts."""
LINKED_FILES = {"/etc/kamailio/tls.cfg": "kamailio-tls-modules", "/usr/share/dictd/wn.index": "dict-wn"}
"""The same of each file."""
LIBRARIES = {"portaudio": "libportaudio2"}
"""The Debian package of each library."""
FILES = {"/usr/share/dictd/wn.index": "dict-wn"}
"""The Debian package of each file."""

ROOT = Path(__file__).resolve().parent.parent
FOREIGN = ROOT / ".venv-foreign"
FOREIGN_PACKAGES = ROOT / "tests" / "requirements-foreign.txt"
SYNAPSE = ROOT / ".venv-synapse"
SYNAPSE_PACKAGES = ROOT / "tests" / "requirements-synapse.txt"


NO_SERVICES = Path("/usr/sbin/policy-rc.d")
"""While this says 101, installing a package starts no service (Debian's invoke-rc.d(8))."""


def main() -> None:
    if "--links" in sys.argv[1:]:
        install_programs(LINKED, files=LINKED_FILES)
        install_environment(SYNAPSE, SYNAPSE_PACKAGES, what="synapse, a Matrix server,")
        return
    install_programs(PACKAGES, files=LIBRARIES | FILES)
    install_environment(FOREIGN, FOREIGN_PACKAGES, what="wyoming-satellite")


def install_environment(place: Path, packages: Path, *, what: str) -> None:
    """Make an environment for what ours cannot share, once for each version of what it is made from."""
    done, wanted = place / ".installed", packages.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        print(f"prepare: {place} is there")
        return
    print(f"prepare: installing {what} in {place} (once)", flush=True)
    install = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(place)], [*install, "--require-hashes", "-r", str(packages)]):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            last = (made.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"prepare: that failed: {last}; the tests that need it will be skipped")
            return
    done.write_text(wanted, encoding="utf-8")


def install_programs(programs: dict[str, str], *, files: dict[str, str] | None = None) -> None:
    """Install Debian's packages of the programs, libraries and files that are missing."""
    files = files or {}
    places = {program: shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin") for program in programs}
    places |= {name: (name if Path(name).exists() else None) if name.startswith("/") else find_library(name) for name in files}
    for place in filter(None, places.values()):
        print(f"prepare: {place} is there")
    missing = {name: package for name, package in (programs | files).items() if places[name] is None}
    if not missing:
        return
    wanted = list(dict.fromkeys(missing.values()))
    if shutil.which("apt-get") is None:
        print(f"prepare: no {', '.join(missing)}, and no apt-get to install it; the tests that need it will be skipped")
        return
    if os.geteuid() != 0:
        print(f"prepare: no {', '.join(missing)}; as root, run: apt-get install -y --no-install-recommends {' '.join(wanted)}")
        return
    print(f"prepare: installing {' '.join(wanted)} with apt-get (once, about a minute)", flush=True)
    with starting_no_services():
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *wanted]):
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                print(f"prepare: apt-get {command[0]} failed: {last}; the tests that need {', '.join(missing)} will be skipped")
                return
    print(f"prepare: installed {' '.join(wanted)}")


@contextlib.contextmanager
def starting_no_services() -> Iterator[None]:
    """Let what is installed meanwhile start no service; whatever the machine says of that itself stays as it was."""
    if NO_SERVICES.exists():
        yield
        return
    NO_SERVICES.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    NO_SERVICES.chmod(0o755)
    try:
        yield
    finally:
        NO_SERVICES.unlink()


if __name__ == "__main__":
    main()
