"""The Merkle tree against the published vectors and against the definitions of RFC 6962, written down as they stand there."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The leaves of the reference tests of Certificate Transparency, and the roots over the first 1, 2, … of them."""
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
PATH_OF_5_IN_8 = [
    bytes.fromhex(one)
    for one in (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    )
]
FROM_6_TO_8 = [
    bytes.fromhex(one)
    for one in (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    )
]


# The definitions of RFC 6962, section 2.1, word for word


def split(count: int) -> int:
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if is_whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], is_whole=is_whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], is_whole=False), mth(leaves[:k])]


def nodes_over(leaves: Sequence[bytes]) -> tree.Nodes:
    def node(height: int, index: int) -> bytes:
        part = leaves[index << height : (index + 1) << height]
        assert len(part) == 1 << height, "only complete subtrees are stored"
        return mth(part)

    return node


@st.composite
def trees(draw: st.DrawFn) -> list[bytes]:
    """Leaves that all differ."""
    count = draw(st.integers(1, 70))
    return [b"%d %d" % (count, number) for number in range(count)]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.root(0, nodes_over([])) == tree.root_of([]) == tree.EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    leaves = LEAVES[:size]
    assert tree.root_of([tree.leaf_hash(leaf) for leaf in leaves]) == ROOTS[size - 1]
    assert tree.root(size, nodes_over(leaves)) == ROOTS[size - 1]


def test_known_proofs() -> None:
    nodes = nodes_over(LEAVES)
    assert list(tree.inclusion(5, 8, nodes)) == PATH_OF_5_IN_8
    assert list(tree.consistency(6, 8, nodes)) == FROM_6_TO_8
    tree.check_inclusion(tree.leaf_hash(LEAVES[5]), position=5, size=8, path=PATH_OF_5_IN_8, root=ROOTS[7])
    tree.check_consistency(old=6, old_root=ROOTS[5], size=8, root=ROOTS[7], path=FROM_6_TO_8)


@given(trees(), st.data())
def test_proofs_are_those_of_the_definition_and_hold(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    position = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    nodes, root = nodes_over(leaves), mth(leaves)
    audit = tree.inclusion(position, size, nodes)
    assert list(audit) == path(position, leaves)
    tree.check_inclusion(tree.leaf_hash(leaves[position]), position=position, size=size, path=audit, root=root)
    proof = tree.consistency(old, size, nodes)
    assert list(proof) == (subproof(old, leaves, is_whole=True) if old else [])
    tree.check_consistency(old=old, old_root=mth(leaves[:old]), size=size, root=root, path=proof)


@given(trees(), st.data())
def test_an_inclusion_proof_of_anything_else_fails(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    position = data.draw(st.integers(0, size - 1))
    audit, root = list(tree.inclusion(position, size, nodes_over(leaves))), mth(leaves)
    leaf = tree.leaf_hash(leaves[position])
    wrong: list[tuple[bytes, int, list[bytes], bytes]] = [
        (tree.leaf_hash(b"another"), position, audit, root),
        (leaf, position, [*audit, bytes(32)], root),
        (leaf, position, audit, mth([*leaves, b"another"])),
    ]
    if audit:
        at = data.draw(st.integers(0, len(audit) - 1))
        flipped = bytes([audit[at][0] ^ 1]) + audit[at][1:]
        other = data.draw(st.integers(0, size - 1).filter(lambda one: one != position))
        wrong += [
            (leaf, position, audit[:-1], root),
            (leaf, position, [*audit[:at], flipped, *audit[at + 1 :]], root),
            (leaf, other, audit, root),
        ]
    for hashed, place, hashes, head in wrong:
        with pytest.raises(ProofError):
            tree.check_inclusion(hashed, position=place, size=size, path=hashes, root=head)


@given(trees(), st.data())
def test_no_history_passes_for_the_continuation_of_another(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    other = [*leaves[:changed], b"another", *leaves[changed + 1 :]]
    for history in (leaves, other):
        proof = list(tree.consistency(old, size, nodes_over(history)))
        with pytest.raises(ProofError):
            tree.check_consistency(old=old, old_root=mth(leaves[:old]), size=size, root=mth(other), path=proof)


@given(trees(), st.data())
def test_a_changed_consistency_proof_fails(leaves: list[bytes], data: st.DataObject) -> None:
    size = len(leaves)
    old = data.draw(st.integers(1, size))
    proof = list(tree.consistency(old, size, nodes_over(leaves)))
    wrong = [[*proof, bytes(32)]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong += [proof[:-1], [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]]]
    for hashes in wrong:
        with pytest.raises(ProofError):
            tree.check_consistency(old=old, old_root=mth(leaves[:old]), size=size, root=mth(leaves), path=hashes)


@given(st.integers(0, 2**63), st.integers(0, 2**63), st.lists(st.binary(min_size=32, max_size=32), max_size=64))
def test_made_up_proofs_end_in_an_error(first: int, second: int, hashes: list[bytes]) -> None:
    with pytest.raises(ProofError):
        tree.check_inclusion(bytes(32), position=first, size=second, path=hashes, root=b"\x01" * 32)
    with pytest.raises(ProofError):
        tree.check_consistency(old=first, old_root=b"\x02" * 32, size=second, root=b"\x01" * 32, path=hashes)


def test_what_is_not_there_has_no_proof() -> None:
    for position, size in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(ProofError) as caught:
            tree.inclusion(position, size, nodes_over(LEAVES))
        assert caught.value.code == "proof.not_found"
    for old in (-1, 9):
        with pytest.raises(ProofError) as caught:
            tree.consistency(old, 8, nodes_over(LEAVES))
        assert caught.value.code == "proof.not_found"


def test_rollback_and_split_views_are_called_what_they_are() -> None:
    with pytest.raises(ProofError, match="rolled back"):
        tree.check_consistency(old=8, old_root=ROOTS[7], size=6, root=ROOTS[5], path=())
    with pytest.raises(ProofError, match="another ledger"):
        tree.check_consistency(old=8, old_root=ROOTS[7], size=8, root=ROOTS[6], path=())
    with pytest.raises(ProofError, match="wrong root"):
        tree.check_consistency(old=0, old_root=ROOTS[0], size=8, root=ROOTS[7], path=())
