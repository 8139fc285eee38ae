"""A folder of music: its tags, its playlists, what is broken or leads out of it."""

from pathlib import Path

import pytest

from earwitness.domain.music import Music, MusicKind
from earwitness.links.music_library import read_library
from tests.records import RECORDS, make_records


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return make_records(tmp_path / "music", seconds=0.2)


def test_a_folder_knows_its_artists_albums_titles_genres_and_playlists(records: Path) -> None:
    names = read_library(records).names()
    assert {one.name for one in names if one.kind is MusicKind.ARTIST} == {artist for _, artist, *_ in RECORDS}
    assert Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats") in names
    assert Music(kind=MusicKind.TRACK, name="Copper Rain", by="Ida Marlow") in names
    assert Music(kind=MusicKind.GENRE, name="Jazz") in names
    assert Music(kind=MusicKind.PLAYLIST, name="Evening") in names


def test_an_album_is_in_order_and_an_artist_has_all_of_hers(records: Path) -> None:
    folder = read_library(records)
    album = folder.of(Music(kind=MusicKind.ALBUM, name="Tides", by="The Paper Boats"))
    assert [one.title for one in album] == ["Harbour Lights", "Salt Wind"]
    hers = folder.of(Music(kind=MusicKind.ARTIST, name="Ida Marlow"))
    assert {one.title for one in hers} == {"Nine Lanterns", "Copper Rain"}
    assert len(folder.of(Music(kind=MusicKind.ALL, name=""))) == len(RECORDS)
    assert folder.of(Music(kind=MusicKind.TRACK, name="Salt Wind", by="Somebody Else")) == ()


def test_a_playlist_has_what_is_in_the_folder_and_nothing_else(records: Path) -> None:
    (records.parent / "outside.flac").write_bytes(b"secret")
    tracks = read_library(records).of(Music(kind=MusicKind.PLAYLIST, name="Evening"))
    assert [one.title for one in tracks] == ["Harbour Lights", "Copper Rain"]


def test_what_a_link_leads_out_to_is_not_read(records: Path) -> None:
    outside = make_records(records.parent / "outside", seconds=0.1)
    (records / "linked.flac").symlink_to(next(outside.rglob("*.flac")))
    (records / "Elsewhere").symlink_to(outside, target_is_directory=True)
    assert len(read_library(records).tracks) == len(RECORDS)


@pytest.mark.parametrize(
    "rubbish", [b"", b"fLaC", b"ID3\x04\x00\x00\xff\xff\xff\x7f", bytes(5000), b"OggS" + bytes(range(256)) * 20]
)
def test_a_broken_file_hides_no_other(records: Path, rubbish: bytes) -> None:
    for ending in ("mp3", "flac", "ogg", "m4a", "wav"):
        (records / f"broken.{ending}").write_bytes(rubbish)
    found = {one.title for one in read_library(records).tracks}
    assert found >= {title for title, *_ in RECORDS}


def test_tags_are_one_line_that_can_be_said(records: Path) -> None:
    import soundfile

    with soundfile.SoundFile(records / "odd.flac", "w", samplerate=8000, channels=1, format="FLAC") as file:
        file.title, file.artist = "Line one\nline\x1b[31m two", "A" * 5000
        file.write([0.0] * 800)
    odd = next(one for one in read_library(records).tracks if one.file.name == "odd.flac")
    assert odd.title == "Line one line [31m two"
    assert len(odd.artist) == 200


def test_only_what_changed_is_read_again(records: Path) -> None:
    known = read_library(records)
    same = read_library(records, known=known)
    assert all(any(one is other for other in known.tracks) for one in same.tracks)
    changed = next(records.rglob("1.flac"))
    make_records(records.parent / "new", seconds=0.1)
    changed.write_bytes(next((records.parent / "new").rglob("5.flac")).read_bytes())
    assert "Harbour Lights" not in {one.title for one in read_library(records, known=known).tracks}


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        read_library(tmp_path / "nowhere")
