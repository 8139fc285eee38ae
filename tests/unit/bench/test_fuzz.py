"""The fuzzer finds what it is there for, and nothing in what we have."""

from bench.fuzz import Reader, fuzz, readers


def test_a_short_run_finds_nothing() -> None:
    found = readers()
    fuzz(found, seconds=2.0, seed=7)
    assert {name: reader.failures for name, reader in found.items() if reader.failures} == {}
    for name in ("frames, foreign", "frames, link, session", "openings", "pairing", "WebSocket text"):
        assert found[name].refused > 0, name
    for name in ("frames, foreign", "WebSocket sound", "speech frames"):
        assert found[name].inputs > found[name].refused, name


def test_a_reader_that_raises_something_else_is_found() -> None:
    found = {"careless": Reader(lambda data: data.decode("ascii"), [b"abc"])}
    fuzz(found, seconds=5.0, seed=7)
    assert len(found["careless"].failures) == 10
    assert "UnicodeDecodeError" in found["careless"].failures[0]
