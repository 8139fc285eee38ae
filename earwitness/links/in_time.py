"""A bound on how long a turn waits for a link: what is late is an error that says what still works. It logs nothing."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from earwitness.domain.errors import LinkError

DEADLINE_SECONDS: Final = 2.0
T = TypeVar("T")


async def within(asked: Awaitable[T], *, what: str, still: str = "", seconds: float = DEADLINE_SECONDS) -> T:
    """What `asked` gives, if it does in time; it is cancelled when it is late.

    `what` names the link ("The music player"), `still` is a sentence of what works all the same. Raises LinkError (link.slow
    when late; link.unreachable for a lost connection); a LinkError of its own passes with `still` after it.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError as error:
        raise LinkError(_with(f"{what} did not answer within {seconds:g} seconds.", still), code="link.slow") from error
    except LinkError as error:
        raise LinkError(_with(error.sentence, still), code=error.code) from error
    except (OSError, EOFError) as error:
        raise LinkError(_with(f"{what} cannot be reached.", still), code="link.unreachable") from error


def _with(sentence: str, still: str) -> str:
    return f"{sentence} {still}" if still else sentence
