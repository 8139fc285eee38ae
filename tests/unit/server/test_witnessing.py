"""The witness's HTTP face on a real socket, and the client that asks it: statuses, bounds, and answers nobody should trust."""

import asyncio
import base64
import http.client
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from earwitness.domain.errors import LinkError, ProofError, StorageError
from earwitness.ledger.log import Ledger
from earwitness.ledger.note import Verifier, parse_note, parse_verifier, verify
from earwitness.ledger.submission import MOST_BODY_BYTES, encode_submission
from earwitness.ledger.witness import Witness
from earwitness.ledger.witness_client import MOST_ANSWER_BYTES, submit_checkpoint
from earwitness.server import witnessing
from earwitness.server.listen import Address, bind, http_server
from earwitness.server.witnessing import CoSigner, witness_app
from earwitness.storage.database import Database


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(Database(tmp_path / "ledger.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    yield ledger
    ledger.close()


@pytest.fixture
def witness(tmp_path: Path, ledger: Ledger) -> Iterator[Witness]:
    witness = Witness(tmp_path / "witness", logs=[parse_verifier(ledger.verifier)])
    yield witness
    witness.close()


@contextmanager
def serving(witness: CoSigner) -> Iterator[int]:
    """A witness on a real socket; gives its port."""
    address = Address(port=0)
    listener = bind(address)
    server = http_server(witness_app(witness), address)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def port(witness: Witness) -> Iterator[int]:
    with serving(witness) as port:
        yield port


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def asked(port: int, body: bytes | None, *, method: str = "POST", path: str = "/add-checkpoint") -> tuple[int, str, str]:
    """Status, type and text of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body=body)
    reply = connection.getresponse()
    found = (reply.status, reply.headers.get("content-type", ""), reply.read().decode())
    connection.close()
    return found


def grow(ledger: Ledger, count: int, *, name: str = "number") -> None:
    ledger.append([{"v": 1, name: ledger.size() + number} for number in range(count)])


def by(witness: Witness) -> Verifier:
    return parse_verifier(witness.verifier)


# The face


def test_it_answers_as_the_protocol_says(ledger: Ledger, port: int) -> None:
    grow(ledger, 9)
    status, kind, text = asked(port, encode_submission(ledger.continuation(0)))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert text.startswith("\u2014 earwitness.invalid/witness/")
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert asked(port, encode_submission(ledger.continuation(4))) == (409, "text/x.tlog.size", "9\n")


def test_it_shows_its_key(witness: Witness, port: int) -> None:
    assert asked(port, None, method="GET", path="/key")[::2] == (200, witness.verifier + "\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/add-checkpoint", 405), ("PUT", "/add-checkpoint", 405), ("POST", "/", 404), ("GET", "/../seen.json", 404)],
)
def test_there_is_nothing_else(port: int, method: str, path: str, status: int) -> None:
    assert asked(port, b"" if method != "GET" else None, method=method, path=path)[0] == status


def test_malformed_requests_are_errors(port: int) -> None:
    for body in (b"", b"\xff", b"old 0\n\n", b"old 1\nAAAA\n\nx\n", b"\n" * 1000):
        assert asked(port, body)[0] == 400


def test_a_long_body_is_not_read_to_its_end(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        head = f"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: {100 * MOST_BODY_BYTES}\r\n\r\n"
        connection.sendall(head.encode() + b"a" * (MOST_BODY_BYTES + 1))
        assert b" 413 " in connection.recv(4096)


def test_a_body_that_does_not_come_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnessing, "SEND_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nold")
        assert b" 408 " in connection.recv(4096)


def test_a_client_that_goes_away_hurts_nobody(ledger: Ledger, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nold")
    assert asked(port, encode_submission(ledger.continuation(0)))[0] == 200


class FullDisk:
    """A witness that cannot keep what it sees."""

    verifier = "key"

    def add_checkpoint(self, body: bytes) -> tuple[int, str]:
        raise StorageError("The disk has no room.", code="storage.full")


def test_a_witness_that_cannot_remember_does_not_sign() -> None:
    with serving(FullDisk()) as port:
        status, _, text = asked(port, b"")
    assert status == 503
    assert "signs nothing" in text


# The client


def test_the_ledger_gets_and_keeps_its_witness(ledger: Ledger, witness: Witness, port: int) -> None:
    for count in (0, 1, 300, 0, 5):
        if count:
            grow(ledger, count)
        assert submit_checkpoint(ledger, url(port), witness=by(witness)).size == ledger.size()
        note = parse_note(ledger.checkpoint())
        assert verify(note, log=parse_verifier(ledger.verifier), witnesses=(by(witness),), is_strict=True).size == ledger.size()
        assert len(note.signatures) == 2
    assert submit_checkpoint(ledger, url(port) + "/", witness=by(witness)).size == 306


def test_a_ledger_that_does_not_remember_its_witness_learns_what_it_saw(ledger: Ledger, witness: Witness, port: int) -> None:
    grow(ledger, 9)
    submit_checkpoint(ledger, url(port), witness=by(witness))
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM cosignatures")
    grow(ledger, 9)
    assert submit_checkpoint(ledger, url(port), witness=by(witness)).size == 18


def test_a_rollback_is_found(ledger: Ledger, witness: Witness, port: int, tmp_path: Path) -> None:
    grow(ledger, 9)
    older = Ledger(Database(tmp_path / "older.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    grow(older, 4)
    submit_checkpoint(ledger, url(port), witness=by(witness))
    with pytest.raises(ProofError, match="set back to an old copy"):
        submit_checkpoint(older, url(port), witness=by(witness))
    older.close()


@pytest.mark.parametrize(("size", "words"), [(9, "another history"), (20, "rewritten, or there are two")])
def test_a_second_history_is_found(ledger: Ledger, witness: Witness, port: int, tmp_path: Path, size: int, words: str) -> None:
    grow(ledger, 9)
    twin = Ledger(Database(tmp_path / "twin.db", chain="ledger"), key_file=tmp_path / "ledger.key")
    grow(twin, size, name="other")
    submit_checkpoint(ledger, url(port), witness=by(witness))
    with pytest.raises(ProofError, match=words):
        submit_checkpoint(twin, url(port), witness=by(witness))
    assert twin.cosigned() == {}
    twin.close()


def test_another_witness_than_the_known_one_is_not_taken(ledger: Ledger, witness: Witness, port: int, tmp_path: Path) -> None:
    other = Witness(tmp_path / "other", logs=[])
    with pytest.raises(ProofError, match="another key"):
        submit_checkpoint(ledger, url(port), witness=by(other))
    other.close()
    assert ledger.cosigned() == {}


def test_a_witness_that_does_not_know_the_ledger_says_so(ledger: Ledger, tmp_path: Path) -> None:
    stranger = Witness(tmp_path / "other", logs=[])
    with serving(stranger) as port, pytest.raises(LinkError, match="does not know this ledger"):
        submit_checkpoint(ledger, url(port), witness=by(stranger))
    stranger.close()


@contextmanager
def answering(answer: Callable[[], bytes]) -> Iterator[int]:
    """A server that answers every request with the same bytes."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.rfile.read(length)
            self.wfile.write(answer())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def reply(status: int, body: bytes, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


SIGNATURE = base64.b64encode(bytes(76)).decode()
ANSWERS: dict[str, tuple[bytes, type[Exception]]] = {
    "nothing": (b"", LinkError),
    "no HTTP": (b"220 mail.example ESMTP\r\n", LinkError),
    "half an answer": (b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf", LinkError),
    "an error": (reply(500, b"oh"), LinkError),
    "too much": (reply(200, b"a" * (MOST_ANSWER_BYTES + 1)), LinkError),
    "too much of an error": (reply(409, b"1" * (MOST_ANSWER_BYTES + 1)), LinkError),
    "a redirect": (reply(307, b"", "Location: http://127.0.0.1:1/"), LinkError),
    "a size that is none": (reply(409, b"nine"), LinkError),
    "a size of many digits": (reply(409, b"9" * 5000), LinkError),
    "no size": (reply(409, b""), LinkError),
    "a larger size each time": (reply(409, b"3\n"), ProofError),
    "no signature": (reply(200, b""), LinkError),
    "no text": (reply(200, b"\xff\n"), LinkError),
    "a line that is no signature": (reply(200, b"thanks\n"), LinkError),
    "a made-up signature of a stranger": (reply(200, f"\u2014 witness.example {SIGNATURE}\n".encode()), ProofError),
    "another text before the signature": (reply(200, f"\n\u2014 witness.example {SIGNATURE}\n".encode()), ProofError),
}


@pytest.mark.parametrize(("answer", "error"), ANSWERS.values(), ids=ANSWERS.keys())
def test_hostile_answers_are_errors(ledger: Ledger, witness: Witness, answer: bytes, error: type[Exception]) -> None:
    grow(ledger, 9)
    with answering(lambda: answer) as port, pytest.raises(error):
        submit_checkpoint(ledger, url(port), witness=by(witness))
    assert ledger.cosigned() == {}


def test_a_made_up_signature_of_the_witness_is_not_kept(ledger: Ledger, witness: Witness) -> None:
    line = f"\u2014 {by(witness).name} {base64.b64encode(by(witness).key_id + bytes(72)).decode()}\n"
    with answering(lambda: reply(200, line.encode())) as port, pytest.raises(ProofError, match="was changed"):
        submit_checkpoint(ledger, url(port), witness=by(witness))
    assert ledger.cosigned() == {}


def test_a_witness_that_always_saw_something_else_is_not_asked_forever(ledger: Ledger, witness: Witness) -> None:
    grow(ledger, 9)
    sizes = iter(range(1, 100))
    with answering(lambda: reply(409, b"%d\n" % next(sizes))) as port, pytest.raises(LinkError, match="too many at once"):
        submit_checkpoint(ledger, url(port), witness=by(witness))
    assert next(sizes) == 4


@pytest.mark.parametrize(
    "address",
    ["", "file:///etc/passwd", "ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://127.0.0.1:port", "https://[", "https://"],
)
def test_what_is_no_address_is_said(ledger: Ledger, witness: Witness, address: str) -> None:
    with pytest.raises(LinkError):
        submit_checkpoint(ledger, address, witness=by(witness))


@pytest.mark.parametrize(
    "address", ["http://witness.example", "http://192.0.2.7:8766", "http://127.0.0.1.example", "HTTP://[::2]"]
)
def test_a_witness_elsewhere_needs_tls(ledger: Ledger, witness: Witness, address: str) -> None:
    with pytest.raises(LinkError, match="begins with https://"):
        submit_checkpoint(ledger, address, witness=by(witness))


def test_a_witness_that_is_away_is_said(ledger: Ledger, witness: Witness) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = url(unused.getsockname()[1])
        with pytest.raises(LinkError, match="does not answer") as caught:
            submit_checkpoint(ledger, address, witness=by(witness))
    assert caught.value.is_retryable
