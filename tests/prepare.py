"""Prepares a test machine: installs the programs that tests drive, when they are missing and this is Debian and root.

It never fails and prints what it did: where it cannot install, the tests that need the program are skipped and say why.
"""

import os
import shutil
import subprocess

PACKAGES = {
    "chromium": "chromium",
    "ip": "iproute2",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}
"""The Debian package of each program."""


def main() -> None:
    for program in PACKAGES:
        if place := shutil.which(program):
            print(f"prepare: {place} is there")
    missing = {program: package for program, package in PACKAGES.items() if shutil.which(program) is None}
    if not missing:
        return
    wanted = " ".join(missing.values())
    if shutil.which("apt-get") is None:
        print(f"prepare: no {', '.join(missing)}, and no apt-get to install it; the tests that need it will be skipped")
        return
    if os.geteuid() != 0:
        print(f"prepare: no {', '.join(missing)}; as root, run: apt-get install -y --no-install-recommends {wanted}")
        return
    print(f"prepare: installing {wanted} with apt-get (once, about a minute)", flush=True)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing.values()]):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"prepare: apt-get {command[0]} failed: {last}; the tests that need {', '.join(missing)} will be skipped")
            return
    print(f"prepare: installed {wanted}")


if __name__ == "__main__":
    main()
