"""The process that sends one message by Apprise: an order on standard input, one word on standard output.

`sent`: the service took it. `refused`: it answered that it will not. `away`: nobody took the only connection that was tried.
`unclear`: anything else, also where a part of it went out. Without a text: `known` or `unknown`, whether Apprise can make
anything of the URL. It prints nothing else, and keeps nothing.
"""

import json
import logging
import re
import resource
import sys
from typing import Final

MOST_MEMORY: Final = 1 << 30
_CODE: Final = re.compile(
    r"error[ =:]+(4\d\d)|\bHTTP[ /]\S* ?(4\d\d)|AuthenticationFailed|SMTPAuthenticationError", re.IGNORECASE
)
_AWAY: Final = re.compile(
    r"Connection refused|NewConnectionError|Name or service not known|No route to host|Temporary failure in name", re.IGNORECASE
)


class _Heard(logging.Handler):
    """What Apprise logs of the outcome, to see why it did not send; what it logs of the message is passed over."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.warnings: list[str] = []
        self.broken: list[str] = []
        self.has_sent = False

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()[:2000]
        if record.levelno >= logging.WARNING:
            self.warnings = [*self.warnings, text][:100]
        elif record.levelno == logging.INFO:
            self.has_sent = self.has_sent or text.startswith("Sent ")
        elif text.startswith("Socket Exception:"):
            self.broken = [*self.broken, text][:100]

    def told(self, targets: int) -> str:
        """What it comes to where it was not sent to all of so many."""
        if self.has_sent:
            return "unclear"
        if any(_CODE.search(one) for one in (*self.warnings, *self.broken)):
            return "refused" if targets == 1 else "unclear"
        is_away = targets == 1 and len(self.broken) == 1 and _AWAY.search(self.broken[0])
        return "away" if is_away else "unclear"


def main() -> str:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = json.loads(sys.stdin.buffer.read(1 << 20))
    import apprise

    heard, logger = _Heard(), logging.getLogger("apprise")
    logger.handlers, logger.propagate = [heard], False
    logger.setLevel(logging.DEBUG)
    service = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, secure_logging=True))
    is_known = service.add(order["url"])
    if "text" not in order:
        return "known" if is_known else "unknown"
    if not is_known:
        return "refused"
    if service.notify(body=order["text"], body_format=apprise.NotifyFormat.TEXT):
        return "sent"
    return heard.told(len(service))


if __name__ == "__main__":
    sys.stdout.write(main())
