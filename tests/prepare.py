"""Prepares a test machine: installs Debian's chromium when it is missing and this is Debian and root. Prints what it did.

It never fails: where it cannot install, the browser tests are skipped and say why.
"""

import os
import shutil
import subprocess

PACKAGES = ("chromium",)


def main() -> None:
    found = shutil.which("chromium")
    if found:
        print(f"prepare: {found} is there")
        return
    if shutil.which("apt-get") is None:
        print("prepare: no chromium, and no apt-get to install it; the browser tests will be skipped")
        return
    if os.geteuid() != 0:
        print("prepare: no chromium; as root, run: apt-get install -y --no-install-recommends chromium")
        return
    print("prepare: installing chromium with apt-get (once, about a minute)", flush=True)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"prepare: apt-get {command[0]} failed: {last}; the browser tests will be skipped")
            return
    print(f"prepare: installed {shutil.which('chromium')}")


if __name__ == "__main__":
    main()
