"""The access code: typed in once by a browser elsewhere, then remembered by a cookie until the server restarts.

Owns attempts and signed-in tokens, in memory only. Codes and tokens are compared in constant time and never logged.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import cookie_parser

MOST_ATTEMPTS: Final = 5
MOST_ATTEMPTS_OF_ALL: Final = 60
ATTEMPT_SECONDS: Final = 300.0
MOST_PEERS: Final = 1024
MOST_TOKENS: Final = 64
TOKEN_SECONDS: Final = 30 * 24 * 3600.0


class Access:
    """Decides who is signed in. Without a code everybody is. `clock` counts seconds and never runs backwards."""

    def __init__(self, code: str | None, *, is_secure: bool, clock: Callable[[], float]) -> None:
        self._digest = _digest(code) if code is not None else None
        self._clock = clock
        self._tokens: OrderedDict[bytes, float] = OrderedDict()
        self._attempts: OrderedDict[str, deque[float]] = OrderedDict()
        self._all_attempts: deque[float] = deque(maxlen=MOST_ATTEMPTS_OF_ALL)
        self._is_secure = is_secure
        self.cookie_name = "__Host-earwitness" if is_secure else "earwitness"

    @property
    def is_needed(self) -> bool:
        return self._digest is not None

    def admits(self, headers: Mapping[str, str], *, peer: str) -> bool:
        """Whether a request carries a signed-in cookie, or the code itself as `Authorization: Bearer`."""
        if self._digest is None:
            return True
        if self._knows_token(cookie_parser(headers.get("cookie", "")).get(self.cookie_name)):
            return True
        scheme, _, code = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and bool(code) and self._is_right(code.strip(), peer=peer)

    def must_wait(self, peer: str) -> bool:
        """Whether `peer`, or everybody together, has tried too often in the last ATTEMPT_SECONDS."""
        now = self._clock()
        mine = self._attempts.get(peer, deque())
        recent = sum(1 for tried in mine if now - tried < ATTEMPT_SECONDS)
        recent_of_all = sum(1 for tried in self._all_attempts if now - tried < ATTEMPT_SECONDS)
        return recent >= MOST_ATTEMPTS or recent_of_all >= MOST_ATTEMPTS_OF_ALL

    def sign_in(self, code: str, *, peer: str) -> str | None:
        """A new token if the code is right and `peer` need not wait, else None."""
        if not self._is_right(code, peer=peer):
            return None
        token = secrets.token_urlsafe(32)
        self._tokens[_digest(token)] = self._clock() + TOKEN_SECONDS
        while len(self._tokens) > MOST_TOKENS:
            self._tokens.popitem(last=False)
        return token

    def set_cookie(self, token: str) -> str:
        """The value of the Set-Cookie header that carries a token."""
        secure = "; Secure" if self._is_secure else ""
        return f"{self.cookie_name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(TOKEN_SECONDS)}{secure}"

    def _is_right(self, code: str, *, peer: str) -> bool:
        if self._digest is None or self.must_wait(peer):
            return False
        if hmac.compare_digest(_digest(code), self._digest):
            self._attempts.pop(peer, None)
            return True
        self._count(peer)
        return False

    def _count(self, peer: str) -> None:
        now = self._clock()
        self._all_attempts.append(now)
        self._attempts.setdefault(peer, deque(maxlen=MOST_ATTEMPTS)).append(now)
        self._attempts.move_to_end(peer)
        while len(self._attempts) > MOST_PEERS:
            self._attempts.popitem(last=False)

    def _knows_token(self, token: str | None) -> bool:
        if not token:
            return False
        expiry = self._tokens.get(_digest(token))
        return expiry is not None and self._clock() < expiry


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
