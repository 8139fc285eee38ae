"""Prepares a test machine: installs the programs that tests drive, when they are missing and this is Debian and root, and a
foreign satellite in an environment of its own (.venv-foreign), whose packages ours cannot share.

It never fails and prints what it did: where it cannot install, the tests that need the program are skipped and say why.
"""

import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

PACKAGES = {
    "chromium": "chromium",
    "pulseaudio": "pulseaudio",
    "paplay": "pulseaudio-utils",
    "ip": "iproute2",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}
"""The Debian package of each program."""
LIBRARIES = {"portaudio": "libportaudio2"}
"""The Debian package of each library."""

ROOT = Path(__file__).resolve().parent.parent
FOREIGN = ROOT / ".venv-foreign"
FOREIGN_PACKAGES = ROOT / "tests" / "requirements-foreign.txt"


def main() -> None:
    install_programs()
    install_foreign_satellite()


def install_foreign_satellite() -> None:
    """Make .venv-foreign, once for each version of what it is made from."""
    done, wanted = FOREIGN / ".installed", FOREIGN_PACKAGES.read_text(encoding="utf-8")
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        print(f"prepare: {FOREIGN} is there")
        return
    print(f"prepare: installing wyoming-satellite in {FOREIGN} (once, a few seconds)", flush=True)
    install = [str(FOREIGN / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(FOREIGN)], [*install, "--require-hashes", "-r", str(FOREIGN_PACKAGES)]):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            last = (made.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"prepare: that failed: {last}; the tests with a real foreign satellite will be skipped")
            return
    done.write_text(wanted, encoding="utf-8")


def install_programs() -> None:
    """Install Debian's packages of the programs and libraries that are missing."""
    places = {program: shutil.which(program) for program in PACKAGES} | {name: find_library(name) for name in LIBRARIES}
    for place in filter(None, places.values()):
        print(f"prepare: {place} is there")
    missing = {name: package for name, package in (PACKAGES | LIBRARIES).items() if places[name] is None}
    if not missing:
        return
    wanted = " ".join(dict.fromkeys(missing.values()))
    if shutil.which("apt-get") is None:
        print(f"prepare: no {', '.join(missing)}, and no apt-get to install it; the tests that need it will be skipped")
        return
    if os.geteuid() != 0:
        print(f"prepare: no {', '.join(missing)}; as root, run: apt-get install -y --no-install-recommends {wanted}")
        return
    print(f"prepare: installing {wanted} with apt-get (once, about a minute)", flush=True)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *dict.fromkeys(missing.values())]):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"prepare: apt-get {command[0]} failed: {last}; the tests that need {', '.join(missing)} will be skipped")
            return
    print(f"prepare: installed {wanted}")


if __name__ == "__main__":
    main()
