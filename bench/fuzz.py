"""Mutated bytes against everything that reads what a stranger sends: frames, links, session messages, pairing.

`python -m bench.fuzz [--minutes 10] [--seed N]` prints for each reader how many inputs it read, how many it refused and its
slowest answer. Anything but a plain refusal is printed with the input that did it, and ends with code 1.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from earwitness.domain.errors import EarwitnessError
from earwitness.links.sip_text import Account, SipReader, answer_to, uri_of
from earwitness.protocol import session_messages as session
from earwitness.protocol.frames import Decoder, Frame, encode, read_frame
from earwitness.protocol.resume import Link, read_opened, read_opening
from earwitness.trust.certificates import key_digest_of, make_authority, pem_of, read_certificate, read_public_key, spki_of
from earwitness.trust.pairing import DevicePairing, ServerPairing

LONGEST_BYTES: Final = 80 * 1024
_PIECES: Final = (
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\\u0000", b"\\ud800", b"\n", b"\r\n", b"\x00", b"\xff",
    b"\xef\xbb\xbf", b"NaN", b"Infinity", b"1e999", b"-0", b"-1", b"0", b"1.5", b"9007199254740993", b"9" * 400,
    b"true", b"null", b"{}", b"[[[[[[",
    b'"type"', b'"data"', b'"seq"', b'"ack"', b'"data_length"', b'"payload_length"', b"65537", b"65536",
    b"-----END CERTIFICATE-----",
)  # fmt: skip
_TEXTS: Final = (
    '{"type":"hello","version":1,"hands_free":false,"muted":true,"voice":"heart","speed":1.5,"only_me":false}',
    '{"type":"press"}',
    '{"type":"mute","on":true}',
    '{"type":"ask","text":"turn on the light"}',
    '{"type":"cue_done","cue":"start"}',
    '{"type":"playback","id":7,"state":"started"}',
    '{"type":"voice","name":"heart","speed":1}',
    '{"type":"wake","word":"hey jarvis","loudness_dbfs":-30.5,"score":0.9,"age_ms":120}',
)
_FRAMES: Final = (
    Frame("link", {"token": None, "received": 0}),
    Frame("link", {"token": "t" * 43, "received": 5, "resumed": True}),
    Frame("audio-chunk", {"rate": 16_000, "width": 2, "channels": 1}, payload=bytes(range(256)) * 4, seq=1, ack=0),
    Frame("wake", {"word": "hey jarvis", "loudness_dbfs": -30.5, "score": 0.9, "age_ms": 120}, seq=2, ack=0),
    Frame("ping", ack=0),
    Frame("pair-hello", {"name": "Kitchen", "public_key": "QUFB", "commitment": "A" * 43 + "="}),
    Frame("pair-open", {"nonce": "A" * 43 + "="}),
)
_SIP: Final = (
    b"MESSAGE sip:anna@example.org SIP/2.0\r\nv: SIP/2.0/TLS a;branch=z9hG4bK1\r\nf: <sip:tom@x>;tag=1\r\nCall-ID: x\r\n"
    b'CSeq: 1 MESSAGE\r\nWWW-Authenticate: Digest realm="a", nonce="b", qop="auth", algorithm=MD5\r\nl: 2\r\n\r\nhi'
)


@dataclass(slots=True)
class Reader:
    """Something that reads bytes, what it is begun with, and how it went."""

    read: Callable[[bytes], object]
    seeds: Sequence[bytes]
    inputs: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    failures: list[str] = field(default_factory=list)


def read_as_stream(data: bytes) -> None:
    """Frames through asyncio, as a server does with a foreign peer."""

    async def read() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        while await read_frame(reader, is_numbered=False) is not None:
            pass

    asyncio.run(read())


def read_as_link(data: bytes) -> None:
    """Frames in pieces through the decoder, each into a link, what a session would get read as its message."""
    decoder, link, refusal = Decoder(), Link(), None
    link.send("cue", {"cue": "start"})
    middle = len(data) // 2
    for piece in (data[:middle], data[middle:]):
        for frame in decoder.feed(piece):
            assert Decoder().feed(encode(frame)) == [frame], "what was read cannot be written"
            try:
                new = link.receive(frame)
                if new is not None:
                    session.read_fields({**new.fields, "type": new.kind})
            except EarwitnessError as error:
                refusal = error
    decoder.finish()
    if refusal is not None:
        raise refusal


def read_as_opening(data: bytes) -> None:
    """The first frame of a connection, as each side reads it."""
    for frame in Decoder().feed(data):
        try:
            read_opening(frame)
        except EarwitnessError:
            read_opened(frame)


def read_as_pairing(data: bytes) -> None:
    """Frames into both sides of a pairing."""
    refusal = None
    device = DevicePairing("Kitchen", public_key=b"key", server_certificate=b"certificate")
    server = ServerPairing(server_certificate=b"certificate", household="household")
    for frame in Decoder().feed(data):
        for side in (device, server):
            try:
                side.receive(frame.kind, frame.fields)
            except EarwitnessError as error:
                refusal = error
    if refusal is not None:
        raise refusal


def read_as_text(data: bytes) -> None:
    """A text message of a WebSocket."""
    session.decode(data.decode("utf-8", "surrogateescape"))


def read_as_sip(data: bytes) -> None:
    """What a telephone server sends."""
    for one in SipReader().read(data):
        _ = (one.status, one.method, one.transaction, uri_of(one.one("from")))
        answer_to(
            one.all("www-authenticate"), account=Account(user="a", password="b"), method="MESSAGE", uri="c", nonce_of_ours="d"
        )


def readers() -> Mapping[str, Reader]:
    """Every reader, new."""
    frames = [encode(frame) for frame in _FRAMES]
    streams = [*frames, b"".join(frames[2:5])]
    texts = [text.encode() for text in _TEXTS]
    chunk = bytes(1024)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = make_authority(key, now=datetime.now(UTC))
    return {
        "frames, foreign": Reader(read_as_stream, streams),
        "frames, link, session": Reader(read_as_link, streams),
        "openings": Reader(read_as_opening, frames[:2]),
        "pairing": Reader(read_as_pairing, frames[5:]),
        "WebSocket text": Reader(read_as_text, texts),
        "WebSocket sound": Reader(session.decode_chunk, [chunk]),
        "speech frames": Reader(session.decode_speech, [session.encode_speech(1, chunk)]),
        "certificates": Reader(read_certificate, [pem_of(certificate).encode()]),
        "certificates, DER": Reader(key_digest_of, [certificate.public_bytes(Encoding.DER)]),
        "SIP": Reader(read_as_sip, [_SIP, _SIP * 2]),
        "public keys": Reader(read_public_key, [spki_of(key.public_key())]),
    }


def mutated(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, changed in one to six places; now and then two of them joined, or cut."""
    data = bytearray(chance.choice(seeds))
    if chance.random() < 0.2:
        data += chance.choice(seeds)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at:at] = chance.choice(_PIECES)
            case 2:
                del data[at : at + chance.randint(1, 8)]
            case 3:
                data[at : at + chance.randint(1, 8)] = chance.choice(_PIECES)
            case 4:
                data[at:at] = data[max(0, at - chance.randint(1, 64)) : at] * chance.choice((1, 2, 40))
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
    if chance.random() < 0.1:
        del data[chance.randrange(len(data) + 1) :]
    return bytes(data[:LONGEST_BYTES])


def try_one(reader: Reader, data: bytes) -> None:
    """Let a reader read an input and note how that went."""
    began = time.perf_counter()
    try:
        reader.read(data)
    except EarwitnessError:
        reader.refused += 1
    except Exception as error:
        reader.failures.append(f"{type(error).__name__}: {error} for {data.hex()}")
    reader.inputs += 1
    reader.slowest_ms = max(reader.slowest_ms, 1000 * (time.perf_counter() - began))


def fuzz(found: Mapping[str, Reader], *, seconds: float, seed: int) -> None:
    """Try every reader in turn until the time is over or one has failed ten times."""
    chance, until = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < until and all(len(reader.failures) < 10 for reader in found.values()):
        for reader in found.values():
            try_one(reader, mutated(chance, reader.seeds))


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz for a while and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="the same seed tries the same inputs")
    options = parser.parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    found = readers()
    fuzz(found, seconds=60 * options.minutes, seed=seed)
    print(f"seed {seed}, {options.minutes:g} minutes")
    print(f"{'reader':24}{'inputs':>12}{'refused':>12}{'read':>10}{'failed':>8}{'slowest ms':>12}")
    for name, reader in found.items():
        read = reader.inputs - reader.refused - len(reader.failures)
        print(f"{name:24}{reader.inputs:12}{reader.refused:12}{read:10}{len(reader.failures):8}{reader.slowest_ms:12.1f}")
    for name, reader in found.items():
        for failure in reader.failures:
            print(f"{name}: {failure}")
    return int(any(reader.failures for reader in found.values()))


if __name__ == "__main__":
    sys.exit(main())
