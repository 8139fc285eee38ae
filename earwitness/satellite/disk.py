"""The satellite's small writes, each after the other in a thread of their own: sound, the light and mute never wait for the disk.

Owns the order and the thread; what is written, and what follows from it, is the caller's.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from earwitness.domain.errors import StorageError


class Disk:
    """One disk. Used on one event loop; close it when the satellite ends: what was asked for is written first."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="disk")
        self._last: asyncio.Future[None] | None = None

    def write(self, work: Callable[[], None], *, then: Callable[[StorageError | None], None] = lambda error: None) -> None:
        """Do `work` after all that was asked for before; `then` learns on the event loop how it went. `work` may raise
        StorageError, and nothing else."""
        done = asyncio.get_running_loop().run_in_executor(self._pool, work)
        done.add_done_callback(lambda future: then(_how(future)))
        self._last = done

    async def written(self) -> None:
        """Wait until all that was asked for is written, or refused, and has been told."""
        if self._last is not None:
            await asyncio.wait({self._last})
            await asyncio.sleep(0)  # those who are told come after those who wait

    def close(self) -> None:
        """Finish what was asked for; blocks."""
        self._pool.shutdown(wait=True)


def _how(future: "asyncio.Future[None]") -> StorageError | None:
    try:
        future.result()
    except StorageError as error:
        return error
    except asyncio.CancelledError:
        return None
    return None
