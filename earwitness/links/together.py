"""Tasks of one link side by side: the first that fails ends the others, and is what failed. It logs nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from earwitness.domain.errors import LinkError


@contextlib.asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises one error, a LinkError if there is any, and no group of them."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        errors = list(_leaves(group))
        raise next((one for one in errors if isinstance(one, LinkError)), errors[0]) from group


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _leaves(one)
        else:
            yield one
