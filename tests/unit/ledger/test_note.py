"""Signed notes, checkpoints and co-signatures: published vectors, and nothing but the one spelling is read."""

import base64
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import ProofError
from earwitness.ledger.note import (
    COSIGNATURE,
    Checkpoint,
    Note,
    Signature,
    Verifier,
    cosign,
    is_signed_by,
    parse_checkpoint,
    parse_note,
    parse_verifier,
    seen_at,
    sign,
    unbase64,
    verifier_of,
    verify,
)

# The vectors of the reference implementation, golang.org/x/mod/sumdb/note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

# The examples of C2SP signed-note and tlog-cosignature
POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWX"
    "EhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)

LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
LOG = verifier_of("earwitness.invalid/ledger/1", LOG_KEY)
WITNESS = verifier_of("earwitness.invalid/witness/1", WITNESS_KEY, kind=COSIGNATURE)
HEAD = Checkpoint(origin=LOG.name, size=7, root=b"\x07" * 32)


def signed(text: str = "") -> Note:
    text = text or HEAD.text()
    return Note(text=text, signatures=(sign(text, name=LOG.name, key=LOG_KEY),))


def cosigned() -> Note:
    note = signed()
    return Note(
        text=note.text, signatures=(*note.signatures, cosign(note.text, name=WITNESS.name, key=WITNESS_KEY, time=1679315147))
    )


def test_the_reference_implementations_signature_is_ours() -> None:
    key = Ed25519PrivateKey.from_private_bytes(PETER_SEED)
    assert Note(text=TEXT, signatures=(sign(TEXT, name="PeterNeumann", key=key),)).encoded() == f"{TEXT}\n{BY_PETER}"
    assert verifier_of("PeterNeumann", key).encoded() == PETER
    assert parse_verifier(PETER + "\n") == verifier_of("PeterNeumann", key)


def test_known_signatures_verify_and_unknown_ones_are_passed_over() -> None:
    note = parse_note(f"{TEXT}\n{BY_PETER}{BY_ENOCH}")
    assert is_signed_by(note, parse_verifier(PETER))
    assert is_signed_by(note, parse_verifier(ENOCH))
    assert not is_signed_by(parse_note(f"{TEXT}\n{BY_PETER}"), parse_verifier(ENOCH))
    with pytest.raises(ProofError, match="was changed"):
        is_signed_by(parse_note(f"{TEXT.replace('think', 'thinK')}\n{BY_PETER}"), parse_verifier(PETER))


def test_the_examples_of_the_specifications_are_read() -> None:
    poem = parse_note(POEM)
    assert poem.text.endswith("sole:\n\ned è subito sera.\n")
    assert poem.encoded() == POEM
    sofa = parse_note(SOFA)
    assert sofa.encoded() == SOFA
    assert parse_checkpoint(sofa.text).size == 20_852_163
    assert parse_checkpoint(sofa.text).text() == sofa.text
    assert struct.unpack(">Q", sofa.signatures[1].data[:8]) == (1_679_315_147,)


def test_a_cosignature_signs_the_time_and_the_checkpoint() -> None:
    note = cosigned()
    data = note.signatures[1].data
    WITNESS_KEY.public_key().verify(data[8:], b"cosignature/v1\ntime 1679315147\n" + HEAD.text().encode())
    assert verify(note, log=LOG, witnesses=(WITNESS,), is_strict=True) == HEAD
    assert seen_at(note, WITNESS) == 1_679_315_147
    assert seen_at(signed(), WITNESS) is None
    later = Signature(name=WITNESS.name, key_id=WITNESS.key_id, data=struct.pack(">Q", 1_679_315_148) + data[8:])
    with pytest.raises(ProofError):
        verify(Note(text=note.text, signatures=(*signed().signatures, later)), log=LOG, witnesses=(WITNESS,))
    beyond = 2**63
    impossible = struct.pack(">Q", beyond) + WITNESS_KEY.sign(f"cosignature/v1\ntime {beyond}\n{HEAD.text()}".encode())
    line = Signature(name=WITNESS.name, key_id=WITNESS.key_id, data=impossible)
    with pytest.raises(ProofError):
        verify(Note(text=note.text, signatures=(*signed().signatures, line)), log=LOG, witnesses=(WITNESS,))


def test_the_same_key_as_log_and_as_witness_has_two_ids() -> None:
    as_witness = verifier_of(LOG.name, LOG_KEY, kind=COSIGNATURE)
    assert as_witness.key_id != LOG.key_id
    with pytest.raises(ProofError, match="for a ledger's"):
        verify(cosigned(), log=WITNESS)
    with pytest.raises(ProofError, match="for a ledger's"):
        verify(signed(), log=LOG, witnesses=(LOG,))


def test_whoever_is_not_known_is_refused_only_when_every_byte_counts() -> None:
    note = cosigned()
    assert verify(note, log=LOG) == HEAD
    with pytest.raises(ProofError, match=WITNESS.name):
        verify(note, log=LOG, is_strict=True)


def test_a_checkpoint_of_another_ledger_is_not_taken() -> None:
    other = Checkpoint(origin="elsewhere", size=7, root=HEAD.root)
    with pytest.raises(ProofError, match="elsewhere"):
        verify(signed(other.text()), log=LOG)
    with pytest.raises(ProofError, match="not signed by that key"):
        verify(signed(), log=verifier_of(LOG.name, WITNESS_KEY))
    twice = Note(text=HEAD.text(), signatures=signed().signatures * 2)
    with pytest.raises(ProofError, match="twice"):
        verify(twice, log=LOG)


def test_every_flipped_bit_of_a_cosigned_checkpoint_is_found() -> None:
    data = cosigned().encoded().encode()
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << (at % 8)
        with pytest.raises((ProofError, UnicodeDecodeError)):
            verify(parse_note(bytes(flipped).decode("utf-8")), log=LOG, witnesses=(WITNESS,), is_strict=True)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_what_is_signed_is_read_back(size: int, root: bytes, time: int) -> None:
    text = Checkpoint(origin=LOG.name, size=size, root=root).text()
    note = Note(
        text=text,
        signatures=(sign(text, name=LOG.name, key=LOG_KEY), cosign(text, name=WITNESS.name, key=WITNESS_KEY, time=time)),
    )
    again = parse_note(note.encoded())
    assert again == note
    assert verify(again, log=LOG, witnesses=(WITNESS,), is_strict=True) == Checkpoint(origin=LOG.name, size=size, root=root)
    assert seen_at(again, WITNESS) == time


@given(st.text(alphabet=st.sampled_from("a\n\u2014 +=A\x00\ud800é"), max_size=40))
def test_any_text_is_a_note_in_one_spelling_or_an_error(text: str) -> None:
    try:
        note = parse_note(text)
    except ProofError:
        return
    assert note.encoded() == text


HOSTILE_NOTES = {
    "no signature": TEXT,
    "no signature after the empty line": TEXT + "\n",
    "no line feed at the end": f"{TEXT}\n{BY_PETER[:-1]}",
    "a control character": f"\x01{TEXT}\n{BY_PETER}",
    "a carriage return": f"{TEXT}\n{BY_PETER[:-1]}\r\n",
    "a tab": f"{TEXT}\n{BY_PETER.replace(' ', chr(9), 1)}",
    "a space in the name": f"{TEXT}\n{BY_PETER.replace('Peter', 'Peter ')}",
    "a hard space in the name": f"{TEXT}\n{BY_PETER.replace('Peter', 'Peter' + chr(0xA0))}",
    "a plus in the name": f"{TEXT}\n{BY_PETER.replace('Peter', 'Peter+')}",
    "no name": f"{TEXT}\n{BY_PETER.replace('PeterNeumann', '')}",
    "a hyphen for the dash": f"{TEXT}\n{BY_PETER.replace(chr(0x2014), '-')}",
    "another line": f"{TEXT}\n{BY_PETER}Unexpected line.\n",
    "base64 without its end": f"{TEXT}\n{BY_PETER.replace('=', '')}",
    "base64 with bits that are dropped": f"{TEXT}\n{BY_PETER.replace('M=', 'N=')}",
    "base64 of the other alphabet": f"{TEXT}\n{BY_PETER.replace('/', '_')}",
    "a signature of no bytes": f"{TEXT}\n— PeterNeumann x08gow==\n",
    "too many signatures": f"{TEXT}\n{BY_PETER * 65}",
    "too long": f"{'a' * 70_000}\n\n{BY_PETER}",
    "half a surrogate pair": f"\ud800{TEXT}\n{BY_PETER}",
    "nothing": "",
}


@pytest.mark.parametrize("text", HOSTILE_NOTES.values(), ids=HOSTILE_NOTES.keys())
def test_hostile_notes_are_refused(text: str) -> None:
    with pytest.raises(ProofError) as caught:
        parse_note(text)
    assert caught.value.code == "proof.unreadable"


ROOT = base64.b64encode(bytes(32)).decode()
HOSTILE_CHECKPOINTS = {
    "no origin": f"\n1\n{ROOT}\n",
    "no root": "a\n1\n",
    "a leading zero": f"a\n01\n{ROOT}\n",
    "a sign": f"a\n+1\n{ROOT}\n",
    "a minus": f"a\n-1\n{ROOT}\n",
    "digits of another script": f"a\n\u0661\n{ROOT}\n",
    "a space": f"a\n1 \n{ROOT}\n",
    "a size that no tree has": f"a\n{2**63}\n{ROOT}\n",
    "a size of many digits": f"a\n{'9' * 5000}\n{ROOT}\n",
    "a short root": f"a\n1\n{ROOT[:-4]}\n",
    "a long root": f"a\n1\n{base64.b64encode(bytes(33)).decode()}\n",
    "another line": f"a\n1\n{ROOT}\nmore\n",
    "an empty line more": f"a\n1\n{ROOT}\n\n",
    "no line feed": f"a\n1\n{ROOT}",
}


@pytest.mark.parametrize("text", HOSTILE_CHECKPOINTS.values(), ids=HOSTILE_CHECKPOINTS.keys())
def test_hostile_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(ProofError) as caught:
        parse_checkpoint(text)
    assert caught.value.code == "proof.unreadable"


def test_the_largest_size_is_a_size() -> None:
    assert parse_checkpoint(f"a\n{2**63 - 1}\n{ROOT}\n").size == 2**63 - 1
    assert parse_checkpoint(f"a\n0\n{ROOT}\n").size == 0


def test_no_part_and_no_change_of_a_key_is_a_key() -> None:
    for begin in range(len(PETER) + 1):
        for end in range(begin, len(PETER) + 1):
            if (begin, end) != (0, len(PETER)):
                with pytest.raises(ProofError):
                    parse_verifier(PETER[begin:end])
    for at in range(len(PETER)):
        with pytest.raises(ProofError):
            parse_verifier(PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :])


@pytest.mark.parametrize(
    "key",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "\ud800+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.replace("c74f20a3", "C74F20A3"),
    ],
    ids=["wrong length", "unknown kind", "half a surrogate pair", "other case"],
)
def test_hostile_keys_are_refused(key: str) -> None:
    with pytest.raises(ProofError):
        parse_verifier(key)


def test_a_key_is_not_named_with_spaces() -> None:
    for name in ("", "a b", "a+b", "a\u00a0b", "a\nb"):
        with pytest.raises(ProofError):
            verifier_of(name, LOG_KEY)


@given(st.binary(max_size=40), st.data())
def test_base64_has_one_spelling(data: bytes, more: Any) -> None:
    text = base64.b64encode(data).decode()
    assert unbase64(text, what="thing") == data
    wrong = more.draw(st.text(alphabet="AB=+/ \n", max_size=8))
    try:
        found = unbase64(text + wrong, what="thing")
    except ProofError:
        return
    assert base64.b64encode(found).decode() == text + wrong


def test_a_verifier_says_what_it_is() -> None:
    for verifier in (LOG, WITNESS):
        assert parse_verifier(verifier.encoded()) == verifier
    assert isinstance(LOG, Verifier)
