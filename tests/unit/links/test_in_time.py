"""The bound on a turn's wait for a link."""

import asyncio

import pytest

from earwitness.domain.errors import LinkError
from earwitness.links.in_time import within


async def test_what_answers_in_time_is_given() -> None:
    async def answer() -> int:
        return 7

    assert await within(answer(), what="The player") == 7


async def test_what_is_late_is_cancelled_and_says_what_still_works() -> None:
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(LinkError) as late:
        await within(hang(), what="The player", still="The radio on this satellite still works.", seconds=0.01)
    assert late.value.code == "link.slow"
    assert late.value.sentence == "The player did not answer within 0.01 seconds. The radio on this satellite still works."
    assert ended.is_set()


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (LinkError("It refused.", code="link.refused"), "link.refused", "It refused. Lights still work."),
        (ConnectionResetError("secret"), "link.unreachable", "The player cannot be reached. Lights still work."),
        (EOFError(), "link.unreachable", "The player cannot be reached. Lights still work."),
    ],
)
async def test_what_goes_wrong_is_one_kind_of_error(error: Exception, code: str, sentence: str) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(LinkError) as failed:
        await within(fail(), what="The player", still="Lights still work.")
    assert (failed.value.code, failed.value.sentence) == (code, sentence)
