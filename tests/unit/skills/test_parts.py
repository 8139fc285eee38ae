"""A skill gets what its file asks for, and nothing else."""

from pathlib import Path

import pytest

from earwitness.domain.errors import SkillError
from earwitness.domain.skill import HomeAccess, Permissions
from earwitness.skills.inside import Inside
from earwitness.skills.interface import Parts
from earwitness.skills.registry import SkillSet, granted, own_skills
from earwitness.understand.sentences import own_manifests
from tests.unit.skills.houses import NOW, House, Kept


@pytest.fixture
def parts(home: House) -> Parts:
    return Parts(
        clock=lambda: NOW, home=home.link, inside=Inside(alerts=home.timers.alerts, timers=home.timers, lists=home.lists)
    )


def test_what_is_not_asked_for_cannot_be_used(parts: Parts) -> None:
    little = granted(parts, Permissions(inside=("lists",)))
    assert little.inside.lists is parts.inside.lists
    assert little.clock() == NOW
    with pytest.raises(SkillError, match="does not ask for home"):
        little.home.snapshot()
    with pytest.raises(SkillError, match="does not ask for timers"):
        little.inside.timers.all()
    with pytest.raises(SkillError, match="does not ask for fetch"):
        little.fetch("https://example.org/")


def test_what_is_asked_for_is_the_house_itself(parts: Parts) -> None:
    assert granted(parts, Permissions(home=HomeAccess.READ)).home is parts.home


def test_an_intent_belongs_to_one_skill(parts: Parts, tmp_path: Path) -> None:
    skills = own_skills(own_manifests(), parts, memory_of=lambda name: Kept())
    with pytest.raises(SkillError, match="has an intent of another"):
        SkillSet([*skills, skills[0]])
