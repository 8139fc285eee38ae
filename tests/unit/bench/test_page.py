from pathlib import Path

import pytest

from bench import page


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "benchmarks.md"
    path.write_text(page.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", path)
    return path


@pytest.mark.parametrize("section", ["latency", "accuracy", "idle", "install"])
def test_each_section_is_replaced_and_nothing_else(copy: Path, section: str) -> None:
    before = copy.read_text(encoding="utf-8")
    page.publish(section, r"the run before \1")
    page.publish(section, "a second run")
    after = copy.read_text(encoding="utf-8")
    assert "the run before" not in after
    assert f"<!-- {section} -->\n\na second run\n\n<!-- end of {section} -->" in after
    start, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    assert after.split(start)[0] == before.split(start)[0]
    assert after.split(end)[1] == before.split(end)[1]


def test_an_unknown_section_is_an_error(copy: Path) -> None:
    with pytest.raises(ValueError, match="no section"):
        page.publish("nothing", "text")


def test_tables_are_aligned() -> None:
    assert page.table(["a", "long"], [["value", "1"]]) == "| a     | long |\n| ----- | ---- |\n| value | 1    |"
