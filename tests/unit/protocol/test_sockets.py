"""The options of our sockets: on those that were accepted too, and nothing fails where there is none of them."""

import socket
from pathlib import Path

import pytest

from earwitness.protocol.sockets import CONGESTION, SILENCE_SECONDS, connect, endure


def options(made: socket.socket) -> tuple[int, int]:
    return (
        made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        made.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    )


async def test_both_ends_of_a_connection_are_set_for_a_bad_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endure(listener)
        ours = await connect("127.0.0.1", listener.getsockname()[1])
        theirs, _ = listener.accept()
        with ours, theirs:
            assert options(ours) == options(theirs) == (1, 1000 * SILENCE_SECONDS)


def test_congestion_is_left_to_what_can_bear_loss_where_the_kernel_has_it() -> None:
    if CONGESTION.decode() not in Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split():
        pytest.skip("this kernel has no bbr")
    with socket.socket() as made:
        endure(made)
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0") == CONGESTION


def test_a_socket_of_another_kind_is_left_as_it_is() -> None:
    with socket.socket(socket.AF_UNIX) as made:
        endure(made)


async def test_nobody_there_is_an_error_and_leaves_no_socket_behind() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match=r"refused|failed"):
            await connect("127.0.0.1", unused.getsockname()[1])
