"""Commands as they are typed, in this process, on the real databases of a household of the test's own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from earwitness.build import House
from earwitness.cli import main
from earwitness.config import Settings
from earwitness.domain.account import AccountEvent
from earwitness.people.people import People

PASSPHRASES = {name: f"four plain words of {name} alone" for name in ("Anna", "Ben", "Cleo", "Dora")}


class Terminal:
    """The commands of one household, and a look at its people."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def __call__(self, *words: str, who: str | None = None, secret: str = "", typed: str | None = None, **more: str) -> Result:
        """Run a command. `who` acts, with their own passphrase or `secret`; `new` and `code` are those of the environment."""
        names = {"new": "EARWITNESS_NEW_PASSPHRASE", "code": "EARWITNESS_CODE"}
        given: dict[str, str | None] = dict.fromkeys(names.values()) | {"EARWITNESS_PASSPHRASE": None}
        given |= {names[name]: value for name, value in more.items()} | {"COLUMNS": "200"}
        if who is not None:
            given["EARWITNESS_PASSPHRASE"] = secret or PASSPHRASES[who]
            words = (*words, "--person", who)
        return CliRunner().invoke(main, list(words), input=typed, env=given)

    def done(self, *words: str, **how: Any) -> str:
        """What a command that must end well prints."""
        result = self(*words, **how)
        assert result.exit_code == 0, result.output
        return result.stdout

    def found(self, *words: str, **how: Any) -> Any:
        return json.loads(self.done(*words, "--json", **how))

    def refused(self, *words: str, **how: Any) -> str:
        """The code with which a command fails, in one line and with status 2."""
        result = self(*words, **how)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.output
        assert result.stdout == ""
        return result.stderr.removeprefix("earwitness: ").split(": ")[0]

    def enrol(self, *names: str) -> None:
        """The first is the owner, the others are adults."""
        for name in names:
            result = CliRunner().invoke(main, ["people", "add", name], env={"EARWITNESS_PASSPHRASE": PASSPHRASES[name]})
            assert result.exit_code == 0, result.output

    @contextmanager
    def people(self) -> Iterator[People]:
        with House(Settings(), state=self.state) as house:
            yield house.people

    def events(self, name: str) -> list[AccountEvent]:
        """What somebody's log says, newest first."""
        with self.people() as people:
            return [one.what for one in people.accounts.entries(people.named(name).person_id)]

    def roles(self) -> dict[str, str]:
        return {one["name"]: one["role"] for one in self.found("people", "list")}


def typed_in_a_terminal(words: list[str], answers: dict[str, str], *, state: Path) -> str:
    """What a real process shows in a terminal of its own, where each prompt is answered when it appears."""
    import pty

    ours, theirs = pty.openpty()
    hidden = ("EARWITNESS_PASSPHRASE", "EARWITNESS_CODE", "EARWITNESS_NEW_PASSPHRASE")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", "import os, sys; os.login_tty(0); from earwitness.__main__ import main; main()", *words]
    shown, left = "", dict(answers)
    with subprocess.Popen(command, env=environment | {"EARWITNESS_STATE": str(state)}, stdin=theirs, stdout=theirs) as process:
        os.close(theirs)
        while data := _read(ours):
            shown += data.decode()
            for prompt in [one for one in left if one in shown]:
                os.write(ours, left.pop(prompt).encode() + b"\n")
        assert process.wait(20) == 0, shown
    os.close(ours)
    assert not left, shown
    return shown


def _read(handle: int) -> bytes:
    """What is there next; nothing once the other side is closed, which Linux tells by an error."""
    try:
        return os.read(handle, 4096)
    except OSError:
        return b""
