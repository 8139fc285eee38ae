"""What a skill says of itself: strict, bounded, and never run."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.domain.errors import SkillError
from earwitness.domain.skill import HomeAccess
from earwitness.skills.registry import OWN
from earwitness.understand.manifests import LONGEST_BYTES, read_manifest
from earwitness.understand.sentences import own_manifests, sentences_of

TIDES = """
language: en
skill:
  name: tides
  title: Tides
  about: Says when the tide is high.
  examples: ["when is high tide"]
  permissions:
    home: read
    memory: true
    network: [tides.example.org]
intents:
  NextTide:
    data:
      - sentences: ["when is [the] (high|low) tide"]
"""


def test_a_skill_says_what_it_is_and_what_it_may_use() -> None:
    tides = read_manifest(TIDES, source="skill.yaml")
    assert (tides.name, tides.intents, tides.is_exact) == ("tides", ("NextTide",), False)
    assert tides.permissions.home is HomeAccess.READ
    assert tides.permissions.network == ("tides.example.org",)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("name: tides", "name: Tides!"), "skill.name"),
        (("name: tides", "name: tides\n  secret: 1"), "skill.secret"),
        (("home: read", "home: own"), "skill.permissions.home"),
        (("[tides.example.org]", '["*.example.org"]'), "skill.permissions.network.0"),
        (("tides.example.org", "127.0.0.1"), "skill.permissions.network.0"),
        (("NextTide", "next-tide"), "no name of an intent"),
        (('["when is [the] (high|low) tide"]', '["when is [the (high"]'), "cannot be read"),
        (('["when is [the] (high|low) tide"]', "7"), "cannot be read"),
        (("intents:", "intends:"), "names no intents"),
        (("skill:", "skills:"), "no block"),
        (("language: en", "language: [en"), "no YAML"),
    ],
)
def test_a_wrong_file_says_where(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(SkillError) as error:
        read_manifest(TIDES.replace(*change), source="skill.yaml")
    assert complaint in error.value.sentence
    assert "skill.yaml" in error.value.sentence


def test_a_huge_file_is_not_read() -> None:
    with pytest.raises(SkillError, match="longer than"):
        read_manifest("#" * (LONGEST_BYTES + 1), source="skill.yaml")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=200))
def test_any_text_is_a_skill_or_an_error(text: str) -> None:
    with contextlib.suppress(SkillError):
        read_manifest(text, source="skill.yaml")


def test_every_file_has_a_skill_and_every_skill_a_file() -> None:
    assert [manifest.name for manifest in own_manifests()] == sorted(OWN)


def test_two_skills_cannot_share_an_intent_or_define_a_word_differently() -> None:
    tides = read_manifest(TIDES, source="skill.yaml")
    other = read_manifest(TIDES.replace("name: tides", "name: shores"), source="skill.yaml")
    with pytest.raises(SkillError, match="tides and shores both have an intent NextTide"):
        sentences_of([tides, other])
    first = read_manifest(TIDES + 'expansion_rules: {tide: "high"}\n', source="skill.yaml")
    second = TIDES.replace("name: tides", "name: shores").replace("NextTide", "LastTide") + 'expansion_rules: {tide: "low"}\n'
    with pytest.raises(SkillError, match="define tide differently"):
        sentences_of([first, read_manifest(second, source="skill.yaml")])
