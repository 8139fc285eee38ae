"""The servers of the other tests: one program is started, hangs, dies and comes back."""

import socket
from pathlib import Path

import pytest

from tests.links import servers


def answers(port: int) -> bool:
    """Whether the web server answers a request within a moment."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as one:
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return one.recv(4) == b"HTTP"
    except OSError:
        return False


async def test_a_server_is_started_hangs_dies_and_comes_back_on_the_same_port(tmp_path: Path) -> None:
    port = servers.free_port()
    with servers.running(
        "python3", ["-m", "http.server", "--bind", "127.0.0.1", str(port)], folder=tmp_path, port=port
    ) as server:
        await servers.until(lambda: answers(port), what="the first answer")
        server.freeze()
        assert not answers(port)
        server.thaw()
        await servers.until(lambda: answers(port), what="an answer after it hung")
        server.kill()
        assert not server.is_running
        assert not answers(port)
        server.start()
        await servers.until(lambda: answers(port), what="an answer of the second process")
        assert "GET / HTTP/1.0" in server.log()
    assert not answers(port)


def test_a_server_that_ends_at_once_says_what_it_wrote(tmp_path: Path) -> None:
    port = servers.free_port()
    with (
        pytest.raises(AssertionError, match="no port for me"),
        servers.running("python3", ["-c", "raise SystemExit('no port for me')"], folder=tmp_path, port=port),
    ):
        pass


def test_a_program_that_is_not_installed_skips_its_test(tmp_path: Path) -> None:
    with (
        pytest.raises(pytest.skip.Exception, match="installs it"),
        servers.running("no-such-program-here", [], folder=tmp_path, port=1),
    ):
        pass
