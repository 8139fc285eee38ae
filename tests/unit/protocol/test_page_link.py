"""A page's link: the counting over any number of lost connections, and malformed openings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import WireError
from earwitness.protocol.page_link import Counted, PageOpening, ack_text, new_token, opened_text, read_opening, read_ping

TOKEN = new_token()


@given(st.lists(st.one_of(st.just("send"), st.just("lose"), st.integers(0, 5)), max_size=60))
def test_every_frame_comes_once_and_in_order_whatever_is_lost(events: list[str | int]) -> None:
    """A number is how many frames get through before something else happens."""
    link, position = Counted(), 0
    got: list[str | bytes] = []
    for event in events:
        if event == "send":
            link.send(str(link.sent + 1))
        elif event == "lose":
            link.take_ack(len(got))
            position = link.acked
        else:
            for _ in range(int(event)):
                if (frame := link.frame(position + 1)) is not None:
                    got.append(frame)
                    position += 1
    link.take_ack(len(got))
    while (frame := link.frame(len(got) + 1)) is not None:
        got.append(frame)
    assert got == [str(number + 1) for number in range(link.sent)]


def test_what_waits_is_bounded_in_bytes_and_frames() -> None:
    link = Counted(most_bytes=10, most_frames=3)
    assert link.has_room("x" * 100), "a single one always may"
    link.send("12345")
    assert link.has_room("12345")
    assert not link.has_room(b"123456")
    link.send(b"1")
    link.send("1")
    assert not link.has_room("")
    link.take_ack(1)
    assert link.has_room("12345678")
    assert not link.has_room("123456789")


@pytest.mark.parametrize("count", [0, 3])
def test_a_confirmation_of_what_was_never_sent_or_was_confirmed_before_is_refused(count: int) -> None:
    link = Counted()
    link.send("a")
    link.send("b")
    link.take_ack(1)
    with pytest.raises(WireError):
        link.take_ack(count)


def test_openings_and_pings_are_read() -> None:
    assert read_opening(json.dumps({"type": "link", "token": None, "received": 0})) == PageOpening(token=None, received=0)
    assert read_opening(json.dumps({"type": "link", "token": TOKEN, "received": 7})) == PageOpening(token=TOKEN, received=7)
    assert read_ping('{"type":"ping","received":7}') == 7
    assert json.loads(ack_text(3)) == {"type": "ack", "received": 3}
    opened = json.loads(opened_text(TOKEN, received=2, is_resumed=True))
    assert opened == {"type": "link", "token": TOKEN, "received": 2, "resumed": True}


@pytest.mark.parametrize(
    "text", ["", "link", '{"type":"hello","version":1}', '["link"]', '{"type": "link"', '{"type":"ask","text":"link"}', "[" * 150]
)
def test_other_messages_are_no_opening(text: str) -> None:
    assert read_opening(text) is None
    assert read_ping(text.replace("link", "ping")) is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"token": None},
        {"token": None, "received": 1},
        {"token": None, "received": 0, "more": 1},
        {"token": "short", "received": 0},
        {"token": 7, "received": 0},
        {"token": TOKEN, "received": -1},
        {"token": TOKEN, "received": True},
        {"token": TOKEN, "received": 1.5},
        {"token": TOKEN, "received": 2**53},
    ],
)
def test_malformed_openings_are_errors(fields: dict[str, object]) -> None:
    with pytest.raises(WireError):
        read_opening(json.dumps({"type": "link", **fields}))


@pytest.mark.parametrize("fields", [{}, {"received": None}, {"received": -1}, {"received": 1, "more": 0}])
def test_malformed_pings_are_errors(fields: dict[str, object]) -> None:
    with pytest.raises(WireError):
        read_ping(json.dumps({"type": "ping", **fields}))
