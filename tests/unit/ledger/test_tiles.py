"""The layout of tiles: the numbers of the specification's examples, names in one spelling, bundles that are whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import ProofError
from earwitness.ledger import tree
from earwitness.ledger.tiles import HEIGHT, WIDTH, Tile, bundle, combined, nodes_of, parse_path, tiles_of, unbundle

SPELLINGS = [
    (Tile(level=0, number=0, width=WIDTH), "tile/0/000"),
    (Tile(level=0, number=1_234_067, width=WIDTH), "tile/0/x001/x234/067"),
    (Tile(level=0, number=273, width=112), "tile/0/273.p/112"),
    (Tile(level=None, number=999, width=1), "tile/entries/999.p/1"),
    (Tile(level=None, number=1000, width=255), "tile/entries/x001/000.p/255"),
    (Tile(level=63, number=0, width=WIDTH), "tile/63/000"),
]


@pytest.mark.parametrize(("tile", "path"), SPELLINGS, ids=[path for _, path in SPELLINGS])
def test_a_tile_has_one_name(tile: Tile, path: str) -> None:
    assert tile.path() == path
    assert parse_path(path) == tile


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**15), st.integers(1, WIDTH))
def test_names_are_read_back(level: int | None, number: int, width: int) -> None:
    tile = Tile(level=level, number=number, width=width)
    assert parse_path(tile.path()) == tile


HOSTILE_PATHS = [
    "",
    "tile",
    "checkpoint",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/x/000",
    "tile/0/x000/000",
    "tile/0/x000/001",
    "tile/0/001/001",
    "tile/0/x001",
    "tile/0/000.p/0",
    "tile/0/000.p/00",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/257",
    "tile/0/000.p/999",
    "tile/0/000.p/1000",
    "tile/0/000.p/",
    "tile/0/000.p",
    "tile/0/000/",
    "/tile/0/000",
    "tile/0/000\n",
    "tile/0/\u0660\u0660\u0660",
    "tile/0/../0/000",
    "tile/entries",
    "tile/entries/000.p/300",
    "tile/0/" + "x001/" * 40 + "001",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_no_other_spelling_names_a_tile(path: str) -> None:
    with pytest.raises(ProofError) as caught:
        parse_path(path)
    assert caught.value.code == "proof.not_found"


def test_the_example_of_seventy_thousand() -> None:
    found = list(tiles_of(70_000))
    full = {level: [tile for tile in found if tile.level == level and tile.width == WIDTH] for level in (None, 0, 1, 2)}
    partial = {(tile.level, tile.number, tile.width) for tile in found if tile.width < WIDTH}
    assert {level: len(tiles) for level, tiles in full.items()} == {None: 273, 0: 273, 1: 1, 2: 0}
    assert partial == {(None, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)}


def test_a_full_tile_has_its_hash_above() -> None:
    assert [tile.path() for tile in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []
    assert [tile.path() for tile in tiles_of(1)] == ["tile/entries/000.p/1", "tile/0/000.p/1"]


@settings(max_examples=60)
@given(st.integers(0, 2**20))
def test_widths_are_those_of_the_definition(size: int) -> None:
    found = list(tiles_of(size))
    assert len({tile.path() for tile in found}) == len(found)
    for level in (None, 0, 1, 2):
        count = size // 256 ** (level or 0)
        mine = [tile for tile in found if tile.level == level]
        assert sum(tile.width for tile in mine) == count
        assert [tile.width for tile in mine if tile.width < WIDTH] == ([count % WIDTH] if count % WIDTH else [])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 1500), st.data())
def test_subtrees_are_read_from_tiles(size: int, data: st.DataObject) -> None:
    hashes = [tree.leaf_hash(b"%d" % number) for number in range(size)]
    rows = [hashes]
    while len(rows[-1]) >= WIDTH:
        rows.append([combined(rows[-1][at : at + WIDTH]) for at in range(0, len(rows[-1]) // WIDTH * WIDTH, WIDTH)])

    def read(level: int, number: int) -> bytes:
        return b"".join(rows[level][number * WIDTH : (number + 1) * WIDTH])

    nodes = nodes_of(read)
    height = data.draw(st.integers(0, size.bit_length() - 1))
    index = data.draw(st.integers(0, (size >> height) - 1))
    assert nodes(height, index) == tree.root_of(hashes[index << height : (index + 1) << height])
    assert tree.root(size, nodes) == tree.root_of(hashes)
    with pytest.raises(ProofError, match="too short"):
        nodes(height, size >> height)
    assert HEIGHT == 8


@given(st.lists(st.binary(max_size=60), max_size=WIDTH))
def test_bundles_are_read_back(entries: list[bytes]) -> None:
    data = bundle(entries)
    assert unbundle(data) == entries


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=8), st.data())
def test_a_cut_bundle_is_not_read_as_the_same(entries: list[bytes], more: st.DataObject) -> None:
    data = bundle(entries)
    cut = data[: more.draw(st.integers(0, len(data) - 1))]
    try:
        found = unbundle(cut)
    except ProofError:
        return
    assert len(found) < len(entries)


def test_a_bundle_holds_the_longest_entry_and_no_257_entries() -> None:
    longest = b"\xff" * 65_535
    assert bundle([longest])[:2] == b"\xff\xff"
    assert unbundle(bundle([longest, b""])) == [longest, b""]
    with pytest.raises(ProofError):
        unbundle(bundle([b""] * 257))
