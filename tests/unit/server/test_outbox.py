"""What waits for a device: order, bounds, replacement, and what happens when it is full."""

import asyncio

import pytest

from earwitness.server.outbox import MOST_MUSIC_BYTES, DeviceTooSlowError, Outbox


async def drained(outbox: Outbox) -> list[str | bytes]:
    found = []
    while not outbox.is_empty:
        found.append(await outbox.next())
    return found


def test_frames_leave_in_order_and_the_newest_partial_replaces_the_old() -> None:
    async def scenario() -> None:
        outbox = Outbox()
        outbox.tell("state", "s1")
        outbox.tell("partial", "p1")
        await outbox.speak(1, b"sound")
        outbox.tell("partial", "p2")
        outbox.tell("home", "h1")
        outbox.tell("home", "h2")
        outbox.tell("state", "s2")
        assert await drained(outbox) == ["s1", "p2", b"sound", "h2", "s2"]
        outbox.tell("partial", "p3")
        assert await drained(outbox) == ["p3"]

    asyncio.run(scenario())


def test_sound_of_a_call_never_waits_and_drops_the_oldest_beyond_a_second() -> None:
    async def scenario() -> None:
        outbox = Outbox()
        outbox.tell("state", "s")
        for number in range(50):
            outbox.relay(bytes([number]) * 1024)
        await outbox.speak(1, b"reply")
        left = await drained(outbox)
        assert left[0] == "s"
        assert left[-1] == b"reply"
        assert [frame[0] for frame in left[1:-1]] == list(range(19, 50))

    asyncio.run(scenario())


def test_too_many_messages_give_the_device_up() -> None:
    async def scenario() -> None:
        outbox = Outbox(most_messages=3)
        for _ in range(3):
            outbox.tell("state", "s")
        with pytest.raises(DeviceTooSlowError):
            outbox.tell("state", "one too many")
        async with asyncio.timeout(30):
            with pytest.raises(DeviceTooSlowError):
                await outbox.until_too_slow()

    asyncio.run(scenario())


def test_sound_waits_for_room_and_goes_on_when_there_is_some() -> None:
    async def scenario() -> None:
        outbox = Outbox(most_sound_bytes=10)
        await outbox.speak(1, bytes(8))
        waiting = asyncio.create_task(outbox.speak(1, bytes(6)))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await outbox.next() == bytes(8)
        await waiting
        assert await outbox.next() == bytes(6)

    asyncio.run(scenario())


def test_a_frame_larger_than_the_bound_still_goes_alone() -> None:
    async def scenario() -> None:
        outbox = Outbox(most_sound_bytes=4)
        await outbox.speak(1, bytes(100))
        assert await outbox.next() == bytes(100)

    asyncio.run(scenario())


def test_sound_that_finds_no_room_in_time_gives_the_device_up() -> None:
    async def scenario() -> None:
        outbox = Outbox(most_sound_bytes=10, slow_seconds=0.01)
        await outbox.speak(1, bytes(8))
        with pytest.raises(DeviceTooSlowError):
            await outbox.speak(1, bytes(8))

    asyncio.run(scenario())


def test_a_stopped_speech_is_dropped_and_makes_room() -> None:
    async def scenario() -> None:
        outbox = Outbox(most_sound_bytes=10)
        await outbox.speak(1, b"1" * 8)
        outbox.tell("state", "s")
        waiting = asyncio.create_task(outbox.speak(2, b"2" * 8))
        await asyncio.sleep(0)
        outbox.drop_speech(1)
        await waiting
        assert await drained(outbox) == ["s", b"2" * 8]

    asyncio.run(scenario())


def test_music_is_sent_when_nothing_else_waits_and_is_forgotten_when_it_stops() -> None:
    async def scenario() -> None:
        outbox = Outbox()
        assert outbox.play(b"music 1")
        assert outbox.play(b"music 2")
        outbox.tell("state", "s")
        await outbox.speak(1, b"reply")
        assert await drained(outbox) == ["s", b"reply", b"music 1", b"music 2"]
        outbox.play(b"music 3")
        outbox.tell("music_stop", "m")
        outbox.drop_music()
        assert await drained(outbox) == ["m"]

    asyncio.run(scenario())


def test_music_that_waits_is_bounded_and_holds_up_nothing() -> None:
    outbox = Outbox()
    taken = sum(outbox.play(bytes(10_000)) for _ in range(100))
    assert taken == MOST_MUSIC_BYTES // 10_000
    outbox.tell("state", "s")
