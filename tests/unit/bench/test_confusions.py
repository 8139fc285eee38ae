from xml.etree import ElementTree as ET

from bench.confusions import drawn


def test_a_picture_says_what_was_taken_for_what() -> None:
    picture = drawn(
        {("lights", "lights"): 3, ("lights", "refused"): 1, ("a<b", "a<b"): 2}, title="What & why", about="Rows and columns"
    )
    root = ET.fromstring(picture)  # our own text
    texts = [node.text for node in root.iter() if node.text]
    assert "lights (4)" in texts
    assert "75" in texts
    assert "25" in texts
    assert "a<b (2)" in texts
    assert root.get("role") == "img"
    assert "What & why" in texts
