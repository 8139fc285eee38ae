"""`make bench-install`: a fresh clone in an empty folder, with empty caches: how long until it has answered and serves."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from bench.idle import running_server
from bench.page import ROOT, machine, publish, table

FOLDERS = {
    "EARWITNESS_MODELS": "models",
    "EARWITNESS_STATE": "state",
    "PIP_CACHE_DIR": "pip",
    "UV_CACHE_DIR": "uv",
    "npm_config_cache": "npm",
}
"""Settings that keep a trial apart from this machine's caches and state."""


def main() -> None:
    """Install, demonstrate, serve; and publish the table."""
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="earwitness-install-") as folder:
        place = Path(folder)
        environment = {name: str(place / part) for name, part in FOLDERS.items()}
        clone = place / "clone"
        _run("git", "clone", "--quiet", str(ROOT), str(clone), place=place, environment=environment)
        install = _run("make", "models", place=clone, environment=environment)
        program = clone / ".venv" / "bin" / "earwitness"
        demo = _run(str(program), "demo", place=clone, environment=environment)
        with running_server(program, environment=environment) as server:
            start = server.start_seconds
        with running_server(program, environment=environment) as server:
            again = server.start_seconds
    rows = [
        ["environment, packages, models, s", f"{install:.0f}"],
        ["one spoken command through the chain, s", f"{demo:.0f}"],
        ["start of the server, s", f"{start:.1f}"],
        ["together: `make run` on a fresh clone, s", f"{install + demo + start:.0f}"],
        ["second start of the server, s", f"{again:.1f}"],
    ]
    publish("install", "\n".join([facts, "", table(["what", "value"], rows)]))


def _run(*command: str, place: Path, environment: dict[str, str]) -> float:
    """Run it and return the seconds that it took; ends the benchmark if it fails."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=place, env={**os.environ, **environment}, check=False)
    if done.returncode:
        raise SystemExit(f"`{' '.join(command)}` failed with status {done.returncode}.")
    return time.monotonic() - began


if __name__ == "__main__":
    main()
