"""The keys of the terminal: one press each, without Enter. Gives the terminal back as it was."""

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator, Mapping

HELP = "space: talk   s: stop   z: snooze   m: mute   q: quit"


@contextlib.contextmanager
def reading_keys(actions: Mapping[str, Callable[[], None]]) -> Iterator[bool]:
    """Call the action of each key that is pressed, on the event loop; gives whether there is a terminal to press them in."""
    if not sys.stdin.isatty():
        yield False
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    loop = asyncio.get_running_loop()

    def read() -> None:
        pressed = os.read(handle, 64).decode("utf-8", "replace")
        if not pressed:
            loop.remove_reader(handle)
        for key in pressed:
            if (action := actions.get(key.lower())) is not None:
                action()

    tty.setcbreak(handle)
    loop.add_reader(handle, read)
    try:
        yield True
    finally:
        loop.remove_reader(handle)
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
