"""The pass of a browser on another machine that showed the setup code: it sets the home up, for half an hour, and nothing else.

In memory alone. Each time that a code is used the terminal says so, with the next code.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from earwitness.people.household import Household

LASTS: Final = timedelta(minutes=30)


class SetupPass:
    """One pass at a time: a later one ends the earlier. `say` prints a line in the terminal. Calls block."""

    def __init__(self, household: Household, *, say: Callable[[str], None], clock: Callable[[], datetime]) -> None:
        self._household = household
        self._say = say
        self._clock = clock
        self._digest = b""
        self._ends_at: datetime | None = None

    def give(self, code: str, *, address: str) -> str:
        """A pass for whoever has the setup code, which is used up. Raises AccessError (access.wrong, access.wait)."""
        self._household.use_code(code, address=address)
        secret = secrets.token_urlsafe(32)
        self._digest, self._ends_at = _digest(secret), self._clock() + LASTS
        following = self._household.new_code()
        self._say(
            f"The setup code was used from {address or 'this machine'}. If that was not you, stop Earwitness now. "
            f"The next code is {following}."
        )
        return secret

    def is_right(self, secret: str) -> bool:
        """Whether that is the pass, and not too old."""
        is_alive = self._ends_at is not None and self._clock() < self._ends_at
        return hmac.compare_digest(_digest(secret), self._digest or secrets.token_bytes(32)) and is_alive


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
