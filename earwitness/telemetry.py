"""Every log key, each marked safe or personal. Personal values never reach a log.

Owns the only way to log in the house: `log(logger, event, key=value)`. It must not be given audio, transcripts, names or
an outside error's text; a key that is not listed here raises.
"""

import logging
from enum import StrEnum
from typing import Final


class Privacy(StrEnum):
    SAFE = "safe"
    PERSONAL = "personal"


KEYS: Final[dict[str, Privacy]] = {
    "bytes": Privacy.SAFE,
    "candidates": Privacy.SAFE,
    "code": Privacy.SAFE,
    "cue": Privacy.SAFE,
    "digest": Privacy.SAFE,
    "engine": Privacy.SAFE,
    "error_type": Privacy.SAFE,
    "milliseconds": Privacy.SAFE,
    "model": Privacy.SAFE,
    "outcome": Privacy.SAFE,
    "port": Privacy.SAFE,
    "session": Privacy.SAFE,
    "stage": Privacy.SAFE,
    "state": Privacy.SAFE,
    "turn": Privacy.SAFE,
    "witness": Privacy.SAFE,
    "reply": Privacy.PERSONAL,
    "slots": Privacy.PERSONAL,
    "transcript": Privacy.PERSONAL,
}


def log(logger: logging.Logger, event: str, *, level: int = logging.INFO, **values: object) -> None:
    """Log `event` with `values`; a personal value is replaced by `(personal)`, an unlisted key raises KeyError."""
    parts = [event]
    for key, value in values.items():
        shown = value if KEYS[key] is Privacy.SAFE else "(personal)"
        parts.append(f"{key}={shown}")
    logger.log(level, "%s", " ".join(parts))
