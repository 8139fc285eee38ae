"""Pages as ends of calls: where one rings, what its session is told, and that it rings nowhere once nobody is to be disturbed."""

import asyncio

from earwitness.domain.satellite import CallAnswer
from earwitness.server.calls import Exchange
from earwitness.server.page_seats import PageSeats
from tests.unit.jobs.virtual_time import run
from tests.unit.server.test_satellites import Seated
from tests.unit.server.test_telephones import Room


def test_a_page_is_called_answers_is_heard_and_goes() -> None:
    async def scenario() -> None:
        exchange, caller, session = Exchange(), Room("telephone"), Seated()
        exchange.attach(caller)
        pages = PageSeats(exchange)
        seat = pages.seat()
        assert pages.free_ends() == ()
        seat.joined(session)  # type: ignore[arg-type]
        assert pages.free_ends() == (seat.end_id,)
        call = exchange.begin("telephone", rings=pages.free_ends(), place="the house")
        assert call is not None
        assert pages.free_ends() == (), "it rings there already"
        assert session.conversation.said == ["call: A call from the telephone."]
        assert not seat.is_in_call
        assert session.conversation.accept_call(call.call_id) is CallAnswer.OPEN
        assert seat.is_in_call
        seat.relay(b"from the page")
        exchange.relay("telephone", b"to the page")
        assert (caller.heard, session.relayed) == ([b"from the page"], [b"to the page"])
        seat.left(session)
        await asyncio.sleep(0)
        assert caller.happened[-1] == "over"
        assert session.states() == ["ringing", "open"], "who is gone is told nothing"
        assert (exchange.all(), pages.free_ends()) == ((), ())

    run(lambda clock: scenario())


def test_a_page_that_is_muted_takes_no_call_and_nobody_is_called_who_is_not_to_be_disturbed() -> None:
    async def scenario() -> None:
        exchange, caller, session, quiet = Exchange(), Room("telephone"), Seated(is_muted=True), [False]
        exchange.attach(caller)
        pages = PageSeats(exchange, is_quiet=lambda: quiet[0])
        seat = pages.seat()
        seat.joined(session)  # type: ignore[arg-type]
        exchange.begin("telephone", rings=pages.free_ends(), place="the house")
        assert exchange.answer(seat.end_id) is CallAnswer.MUTED
        pages.spare()
        assert exchange.all() != ()
        quiet[0] = True
        pages.spare()
        assert exchange.all() == ()
        assert caller.happened[-1] == "told: Do not disturb was switched on, so it rings no more in the house."
        assert pages.free_ends() == ()

    run(lambda clock: scenario())
