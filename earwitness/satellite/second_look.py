"""The second look at wake words that the server has this device take, so that the sound of a false wake stays here.

A household's voices taught it, so it lies in memory alone: it is never written, and forgotten when the session that brought
it is over. Keeps no sound.
"""

from collections.abc import Callable

from earwitness.domain.errors import ModelError
from earwitness.speech.wake.verifier import FoundWake, Verifier, read_verifier


class SecondLook:
    """What the server sent last, if that can be read. `take` is called on the event loop, `is_wake` in the ear's thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._verifier: Verifier | None = None
        self.refused = 0
        """Wake words that were found and refused since this device was started."""

    @property
    def is_there(self) -> bool:
        return self._verifier is not None

    def take(self, verifier: str | None) -> None:
        """Look by this verifier (its file, as text) from the next wake word on; None, or one that cannot be read, takes every
        wake word that is found for one."""
        try:
            self._verifier = None if verifier is None else read_verifier(verifier.encode("utf-8", "replace"))
        except ModelError:
            self._verifier = None
            self._say("The server's second look at wake words cannot be read: every wake word that is found counts.")

    def is_wake(self, found: FoundWake) -> bool:
        """Whether the wake word that was found was said."""
        verifier = self._verifier
        if verifier is None or verifier.is_wake(found):
            return True
        self.refused += 1
        return False
