"""How the process of a skill is fenced in: bubblewrap, where there is one. Pure, apart from looking what is installed.

Inside the fence there is no network, no file of the household, no environment and no other process: only Python, its packages
and an empty /tmp. Without bubblewrap none of that can be enforced, and docs/skills.md says so.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import earwitness

CHILD: Final = "earwitness.skills.outside.child"
ALONE: Final = "alone"
"""Tells the child that the processes of its user namespace are its own, so that they can be counted."""
MOST_TEMPORARY_BYTES: Final = 32 * 1024 * 1024
_CLOSEST: Final = ("--unshare-user", "--disable-userns")
_KERNEL: Final = tuple(
    part
    for place in ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/sysrq-trigger")
    if Path(place).exists()
    for part in ("--ro-bind", place, place)
)
"""Settings of the kernel: the superuser may write many of them without any capability, whatever the fence, and get out by one."""
_SYSTEM: Final = ("/lib", "/lib64", "/lib32", "/bin", "/sbin")


def fence_program() -> str | None:
    """The program that fences, if this machine has it."""
    return shutil.which("bwrap")


def command(entry: str, *, folder: Path, bubblewrap: str | None) -> list[str]:
    """The command that runs a skill, fenced if there is a `bubblewrap`."""
    python = [sys.executable, "-I", "-B", "-m", CHILD, entry, str(folder.parent)]
    if bubblewrap is None:
        return python
    is_close = is_closest(bubblewrap)
    sized = ["--size", str(MOST_TEMPORARY_BYTES)] if is_close else []
    fence = [bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    fence += list(_CLOSEST) if is_close else []
    fence += ["--setenv", "PATH", "/usr/bin", "--setenv", "LANG", "C.UTF-8"]
    fence += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", *_KERNEL, "--dev", "/dev", *sized, "--tmpfs", "/dev/shm"]  # noqa: S108 - a fresh one inside the fence
    fence += ["--remount-ro", "/dev", *sized, "--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108 - the same
    for place in _SYSTEM:
        fence += _system(Path(place))
    for place in _readable(folder):
        fence += ["--ro-bind", place, place]
    return [*fence, "--remount-ro", "/", "--", *python, *([ALONE] if is_close else [])]


@cache
def is_closest(bubblewrap: str) -> bool:
    """Whether this bubblewrap, on this kernel, can also give a skill a user namespace of its own that holds no further ones,
    and bound its temporary files (bubblewrap 0.8). Looks once, within some milliseconds."""
    tried = [bubblewrap, "--unshare-all", *_CLOSEST, "--ro-bind", "/", "/"]
    tried += ["--size", "4096", "--tmpfs", "/run", "--", "/bin/true"]
    try:
        return subprocess.run(tried, env={}, capture_output=True, timeout=5, check=False).returncode == 0  # noqa: S603 - our own
    except (OSError, subprocess.SubprocessError):
        return False


def _system(place: Path) -> list[str]:
    if place.is_symlink():
        return ["--symlink", str(place.readlink()), str(place)]
    return ["--ro-bind", str(place), str(place)] if place.is_dir() else []


def _readable(folder: Path) -> list[str]:
    """Python, its packages, our own code and the skill's; the outermost only."""
    wanted = {Path(sys.prefix), Path(sys.base_prefix), Path(earwitness.__file__).resolve().parent, folder}
    places = {str(place) for place in wanted if not str(place).startswith("/usr/")} - {"/usr"}
    return sorted(place for place in places if not any(place != other and place.startswith(f"{other}/") for other in places))
