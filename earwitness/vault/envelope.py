"""The sealed formats: wrapped keys, sealed texts and sealed audio. Pure, but for the random nonces that it draws.

AES-256-GCM (NIST SP 800-38D) throughout; every format begins with a version byte, and every ciphertext is bound to where it
belongs (its row's id, its part, its chunk number), so that nothing can be swapped, cut or continued unseen.

    wrapped key   01 | nonce 12 | ciphertext 32 | tag 16                    bound to: key id, parent's id
    sealed text   01 | nonce 12 | ciphertext n | tag 16                     bound to: row id, part, revision
    small thing   01 | nonce 12 | ciphertext n | tag 16                     bound to: drawer, row id, revision
    sealed audio  01 | plain length u64 | chunk* (ciphertext ≤ 65536 | tag 16)  bound to: row id, chunk number, length

Numbers are big-endian. A data key seals one row; its sub-keys for text and for audio come from HKDF-SHA256 (RFC 5869), so that
the counted nonces of the audio's chunks can never meet the random ones of the text.
"""

import secrets
import struct
from collections.abc import Callable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from earwitness.domain.errors import VaultError

VERSION: Final = b"\x01"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
CHUNK_BYTES: Final = 65_536
"""Plain bytes of a chunk of audio: 2.048 s of 16 kHz mono int16."""
HEADER_BYTES: Final = 9


def new_key() -> bytes:
    """A random key of 256 bits."""
    return secrets.token_bytes(KEY_BYTES)


def derived(key: bytes, part: str) -> bytes:
    """The sub-key of `key` for one part ("text", "audio", "search")."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"earwitness/v1/" + part.encode()).derive(key)


def wrap_key(key: bytes, *, by: bytes, key_id: str, parent_id: str) -> bytes:
    """`key` sealed under the key `by`."""
    return _seal(key, key=by, bound_to=_bound("wrapped-key", key_id, parent_id))


def unwrap_key(wrapped: bytes, *, by: bytes, key_id: str, parent_id: str) -> bytes:
    """The key in `wrapped`. Raises VaultError (vault.sealed_wrong) unless it was wrapped by that key, for that id and parent."""
    key = _open(wrapped, key=by, bound_to=_bound("wrapped-key", key_id, parent_id))
    if len(key) != KEY_BYTES:
        raise _wrong()
    return key


def nonce_of(sealed: bytes) -> bytes:
    """The nonce of a wrapped key or a sealed text, which is drawn at random: it tells this one from every other."""
    return sealed[1 : 1 + NONCE_BYTES]


def seal_text(text: bytes, *, key: bytes, row_id: str, revision: int) -> bytes:
    """Bytes of text sealed for one revision of a row; `key` is the row's data key."""
    return _seal(text, key=derived(key, "text"), bound_to=_bound("text", row_id, str(revision)))


def open_text(sealed: bytes, *, key: bytes, row_id: str, revision: int) -> bytes:
    """The bytes of a sealed text. Raises VaultError (vault.sealed_wrong)."""
    return _open(sealed, key=derived(key, "text"), bound_to=_bound("text", row_id, str(revision)))


def seal_small(plain: bytes, *, key: bytes, drawer: str, row_id: str, revision: int) -> bytes:
    """A small thing sealed for one revision of a row of a drawer; `key` is the drawer's."""
    return _seal(plain, key=derived(key, "drawer"), bound_to=_bound("drawer", drawer, row_id, str(revision)))


def open_small(sealed: bytes, *, key: bytes, drawer: str, row_id: str, revision: int) -> bytes:
    """A sealed small thing. Raises VaultError (vault.sealed_wrong)."""
    return _open(sealed, key=derived(key, "drawer"), bound_to=_bound("drawer", drawer, row_id, str(revision)))


def seal_audio(data: bytes, *, key: bytes, row_id: str) -> bytes:
    """Audio sealed chunk by chunk; seal only once per data key, since its nonces count from zero."""
    cipher, length = AESGCM(derived(key, "audio")), len(data)
    chunks = [
        cipher.encrypt(_counted(number), data[start : start + CHUNK_BYTES], _bound_chunk(row_id, number=number, length=length))
        for number, start in enumerate(range(0, max(1, length), CHUNK_BYTES))
    ]
    return b"".join([VERSION, struct.pack(">Q", length), *chunks])


def sealed_length(length: int) -> int:
    """The bytes that sealed audio of `length` plain bytes takes."""
    return HEADER_BYTES + length + TAG_BYTES * _chunk_count(length)


def open_audio(
    read: Callable[[int, int], bytes], *, key: bytes, row_id: str, length: int, start: int, end: int
) -> Iterator[bytes]:
    """The plain bytes from `start` up to `end` of sealed audio, chunk by chunk, reading no more than the chunks they lie in.

    `read(from, to)` gives bytes of the ciphertext; `length` is the plain length that the row remembers. Raises VaultError
    (vault.sealed_wrong) for a chunk that is not the one that was sealed there, and for a length that is not the sealed one.
    """
    if not 0 <= start <= end <= length:
        raise VaultError("That part of the recording does not exist.", code="vault.not_found")
    header = read(0, HEADER_BYTES)
    if len(header) != HEADER_BYTES or header[:1] != VERSION or struct.unpack(">Q", header[1:])[0] != length:
        raise _wrong()
    if start == end:
        return
    cipher = AESGCM(derived(key, "audio"))
    for number in range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1):
        first = number * CHUNK_BYTES
        place, size = HEADER_BYTES + number * (CHUNK_BYTES + TAG_BYTES), min(CHUNK_BYTES, length - first) + TAG_BYTES
        is_last = first + CHUNK_BYTES >= length
        sealed = read(place, place + size + is_last)  # one byte more than there is, to see that it ends there
        if len(sealed) != size:
            raise _wrong()
        try:
            plain = cipher.decrypt(_counted(number), sealed, _bound_chunk(row_id, number=number, length=length))
        except InvalidTag as error:
            raise _wrong() from error
        yield plain[max(0, start - first) : end - first]


def _chunk_count(length: int) -> int:
    return max(1, -(-length // CHUNK_BYTES))


def _seal(plain: bytes, *, key: bytes, bound_to: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def _open(sealed: bytes, *, key: bytes, bound_to: bytes) -> bytes:
    if len(sealed) < 1 + NONCE_BYTES + TAG_BYTES or sealed[:1] != VERSION:
        raise _wrong()
    nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, bound_to)
    except InvalidTag as error:
        raise _wrong() from error


def _bound(kind: str, *parts: str) -> bytes:
    """Associated data in which no two lists of parts look alike: each part with its length before it."""
    fields = [f"earwitness/v1/{kind}".encode(), *(part.encode() for part in parts)]
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def _bound_chunk(row_id: str, *, number: int, length: int) -> bytes:
    return _bound("audio", row_id, str(number), str(length))


def _counted(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")


def _wrong() -> VaultError:
    return VaultError("This is not what was sealed here: it was changed, or belongs elsewhere.", code="vault.sealed_wrong")
