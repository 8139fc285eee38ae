"""Proofs and receipts as files: what is written is read back and holds; anything else is refused."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.note import Checkpoint, Note, sign, verifier_of
from earwitness.ledger.proof import Continuation, Proof, Receipt, canonical, entry_of, read_proof, read_receipt

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
LOG = verifier_of("earwitness.invalid/ledger/1", KEY)
STATEMENT = {"recordings": 3, "at": "2026-11-24T15:07:00Z"}
DIGEST = hashlib.sha256(canonical(STATEMENT)).hexdigest()
FACTS: list[dict[str, Any]] = [
    {"v": 1, "kind": "read.opened", "ü": [1, 2.5, None, True], "number": number} for number in range(10)
]
FACTS[3] = {"v": 1, "kind": "erased", "receipt": DIGEST}
LEAVES = [canonical(one) for one in FACTS]
HASHES = [tree.leaf_hash(leaf) for leaf in LEAVES]


def nodes(height: int, index: int) -> bytes:
    return tree.root_of(HASHES[index << height : (index + 1) << height])


def head(size: int = 10) -> str:
    text = Checkpoint(origin=LOG.name, size=size, root=tree.root_of(HASHES[:size])).text()
    return Note(text=text, signatures=(sign(text, name=LOG.name, key=KEY),)).encoded()


def proof(position: int) -> Proof:
    return Proof(leaf=LEAVES[position], index=position, hashes=tree.inclusion(position, 10, nodes), checkpoint=head())


@pytest.mark.parametrize("position", range(10))
def test_a_proof_holds_in_both_spellings(position: int) -> None:
    made = proof(position)
    for data in (json.dumps(made.as_json()).encode(), made.text().encode()):
        found = read_proof(data)
        assert found == made
        assert found.entry() == FACTS[position]
        assert found.check(LOG).size == 10


def test_the_text_is_that_of_the_specification() -> None:
    lines = proof(4).text().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1].startswith("extra ")
    assert base64.b64decode(lines[1][6:]) == LEAVES[4]
    assert lines[2] == "index 4"
    assert [base64.b64decode(line) for line in lines[3:7]] == list(proof(4).hashes)
    assert lines[7] == ""
    assert "\n".join(lines[8:]) == head()


def test_every_flipped_bit_of_a_text_proof_is_found() -> None:
    data = proof(4).text().encode()
    for at in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[at // 8] ^= 1 << (at % 8)
        with pytest.raises(ProofError):
            read_proof(bytes(flipped)).check(LOG)


def test_a_proof_of_another_entry_or_place_or_ledger_fails() -> None:
    made = proof(4)
    for wrong in (
        replace(made, leaf=LEAVES[5]),
        replace(made, index=5),
        replace(made, index=10),
        replace(made, hashes=made.hashes[:-1]),
        replace(made, checkpoint=head(9)),
    ):
        with pytest.raises(ProofError):
            wrong.check(LOG)
    with pytest.raises(ProofError):
        made.check(verifier_of(LOG.name, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)))


def test_a_continuation_holds_and_another_history_does_not() -> None:
    made = Continuation(old=6, hashes=tree.consistency(6, 10, nodes), checkpoint=head())
    assert made.check(LOG, old_root=tree.root_of(HASHES[:6])).size == 10
    with pytest.raises(ProofError, match="changed, removed or reordered"):
        made.check(LOG, old_root=tree.root_of(HASHES[1:7]))


def test_a_receipt_holds_only_as_it_was_given() -> None:
    envelope = {"receipt": STATEMENT, "proof": proof(3).as_json()}
    found = read_receipt(json.dumps(envelope).encode())
    assert found == Receipt(statement=STATEMENT, proof=proof(3))
    assert found.check(LOG).size == 10
    for receipt, place in (({**STATEMENT, "recordings": 4}, 3), (STATEMENT, 4)):
        other = json.dumps({"receipt": receipt, "proof": proof(place).as_json()}).encode()
        with pytest.raises(ProofError, match="not the one that the ledger holds"):
            read_receipt(other).check(LOG)


def test_the_order_of_keys_and_spaces_in_json_do_not_matter() -> None:
    made = proof(2).as_json()
    spelled = json.dumps(dict(reversed(made.items())), indent=7, ensure_ascii=False).encode()
    assert read_proof(spelled).check(LOG).size == 10


GOOD = proof(4).as_json()
TEXT = proof(4).text()
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"1",
    "deep nesting": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "a name twice": json.dumps(GOOD).encode().replace(b'"index"', b'"index": 1, "index"'),
    "a name twice in the entry": json.dumps(GOOD).encode().replace(b'"v"', b'"v": 2, "v"'),
    "something more": json.dumps({**GOOD, "more": 1}).encode(),
    "no entry": json.dumps({**GOOD, "entry": None}).encode(),
    "an index that is true": json.dumps({**GOOD, "index": True}).encode(),
    "a negative index": json.dumps({**GOOD, "index": -1}).encode(),
    "a broken index": json.dumps({**GOOD, "index": 1.5}).encode(),
    "an index of many digits": json.dumps(GOOD).encode().replace(b'"index": 4', b'"index": ' + b"9" * 5000),
    "a hash of 31 bytes": json.dumps({**GOOD, "hashes": [base64.b64encode(bytes(31)).decode()]}).encode(),
    "a hash that is no text": json.dumps({**GOOD, "hashes": [1]}).encode(),
    "a hash in another spelling": json.dumps({**GOOD, "hashes": [base64.b64encode(bytes(32)).decode()[:-2] + "B="]}).encode(),
    "too many hashes": json.dumps({**GOOD, "hashes": [base64.b64encode(bytes(32)).decode()] * 65}).encode(),
    "no number": json.dumps(GOOD).encode().replace(b"2.5", b"NaN"),
    "an endless number": json.dumps(GOOD).encode().replace(b"2.5", b"1e999"),
    "half a surrogate pair as a name": json.dumps(GOOD).encode().replace(b'"kind"', b'"\\ud800"'),
    "half a surrogate pair": json.dumps(GOOD).encode().replace(b"read.opened", b"\\ud800"),
    "text without its entry": TEXT.replace(TEXT.split("\n")[1] + "\n", "").encode(),
    "text with an entry that is no JSON": TEXT.replace(TEXT.split("\n")[1], "extra AAAA").encode(),
    "text with an entry that is not canonical": TEXT.replace(
        TEXT.split("\n")[1], "extra " + base64.b64encode(b'{"a": 1}').decode()
    ).encode(),
    "text with a leading zero": TEXT.replace("index 4", "index 04").encode(),
    "text with a carriage return": TEXT.replace("index 4\n", "index 4\r\n").encode(),
    "text of another version": TEXT.replace("@v1", "@v11").encode(),
    "text with too many hashes": TEXT.replace(
        "index 4\n", "index 4\n" + 70 * f"{base64.b64encode(bytes(32)).decode()}\n"
    ).encode(),
    "text that ends early": TEXT[:200].encode(),
    "text that is no text": TEXT.encode() + b"\xff",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_proofs_are_refused(data: bytes) -> None:
    with pytest.raises(ProofError) as caught:
        read_proof(data)
    assert caught.value.code == "proof.unreadable"


def test_a_number_that_is_not_exact_is_not_the_entry() -> None:
    leaf = canonical({"a": 2.0**53})
    assert leaf == b'{"a":9007199254740992}'
    assert canonical(entry_of(leaf)) == leaf
    with pytest.raises(ProofError, match="canonical"):
        entry_of(b'{"a":9007199254740993}')


def test_the_vectors_differ_from_what_holds() -> None:
    assert json.dumps(GOOD).encode() not in HOSTILE.values()
    assert TEXT.encode() not in HOSTILE.values()


@pytest.mark.parametrize(
    "envelope",
    [
        {},
        {"receipt": STATEMENT},
        {"receipt": [], "proof": GOOD},
        {"receipt": STATEMENT, "proof": 1},
        {"receipt": STATEMENT, "proof": GOOD, "a": 1},
    ],
    ids=["empty", "no proof", "a list", "no object", "something more"],
)
def test_hostile_receipts_are_refused(envelope: dict[str, Any]) -> None:
    with pytest.raises(ProofError) as caught:
        read_receipt(json.dumps(envelope).encode())
    assert caught.value.code == "proof.unreadable"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_proof_or_an_error(data: bytes) -> None:
    with pytest.raises(ProofError):
        read_proof(data)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_an_entry_has_one_form(facts: dict[str, Any]) -> None:
    leaf = canonical(facts)
    assert canonical(entry_of(leaf)) == leaf
    assert canonical(dict(reversed(facts.items()))) == leaf


@pytest.mark.parametrize(
    "facts",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": 2**53},
        {"a": "\ud800"},
        {"\ud800": 1},
        {"a": object()},
        {"a": b"b"},
        {1: 2},
    ],
    ids=["no number", "endless", "too large", "half a surrogate pair", "in a name", "an object", "bytes", "a number as a name"],
)
def test_what_json_cannot_say_is_no_entry(facts: dict[str, Any]) -> None:
    with pytest.raises(ProofError):
        canonical(facts)


def test_an_entry_is_not_endlessly_deep() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(ProofError):
        canonical(deep)
