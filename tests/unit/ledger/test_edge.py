"""The growing edge of the tree: the tiles that it says to store are those of the layout, however the leaves come."""

from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.ledger import tree
from earwitness.ledger.edge import Edge, edge_of
from earwitness.ledger.tiles import HEIGHT, WIDTH, tiles_of

LEAVES = [tree.leaf_hash(str(number).encode()) for number in range(140_000)]
"""Enough for three levels of tiles."""


def stored_by(steps: list[int]) -> tuple[Edge, dict[tuple[int, int], bytes]]:
    """Grow a tree in steps, storing what the edge says, and insisting that it knows what is new."""
    edge, stored = Edge(), dict[tuple[int, int], bytes]()
    for step in steps:
        after, grown = edge.extended(LEAVES[edge.size : edge.size + step])
        for tile in grown:
            assert tile.is_new == ((tile.level, tile.number) not in stored)
            stored[tile.level, tile.number] = tile.hashes
        edge = after
    return edge, stored


def naive_tiles(size: int) -> dict[tuple[int, int], bytes]:
    """Every hash tile by the definition: level by level, from the hashes below."""
    found: dict[tuple[int, int], bytes] = {}
    row, level = LEAVES[:size], 0
    while row:
        for number in range(-(-len(row) // WIDTH)):
            found[level, number] = b"".join(row[number * WIDTH : (number + 1) * WIDTH])
        row = [tree.root_of(row[at : at + WIDTH]) for at in range(0, len(row) // WIDTH * WIDTH, WIDTH)]
        level += 1
    return found


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, 3, 7, 64, 255, 256, 257, 600]), min_size=1, max_size=12))
def test_it_stores_the_tiles_of_the_layout(steps: list[int]) -> None:
    edge, stored = stored_by(steps)
    assert edge.size == sum(steps)
    assert stored == naive_tiles(edge.size)
    assert edge.root() == tree.root_of(LEAVES[: edge.size])
    again = edge_of(edge.size, lambda level, number: stored.get((level, number), b""))
    assert again.root() == edge.root()
    assert again.extended(LEAVES[:300])[1] == edge.extended(LEAVES[:300])[1]


def test_it_grows_through_three_levels() -> None:
    edge, stored = stored_by([65_535, 1, 1, 74_463])
    assert stored == naive_tiles(140_000)
    assert {level for level, _ in stored} == {0, 1, 2}
    assert edge.root() == tree.root_of(LEAVES)


def test_what_is_stored_is_what_the_layout_names() -> None:
    _, stored = stored_by([70_000])
    named = {(tile.level, tile.number): tile.width for tile in tiles_of(70_000) if tile.level is not None}
    assert {key: len(hashes) // 32 for key, hashes in stored.items()} == named
    assert sum(width << (HEIGHT * level) for (level, number), width in named.items() if level == 0) == 70_000


def test_the_edge_before_stays_as_it_was() -> None:
    edge, _ = stored_by([300])
    root = edge.root()
    edge.extended(LEAVES[300:900])
    assert edge.root() == root
    assert edge.size == 300
    assert edge.extended([])[1] == []
