"""Requests that a home file makes up: how they are read, and how a mistake is told."""

from pathlib import Path

import pytest

from earwitness.domain.errors import HomeFileError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.own_requests import OwnRequest
from earwitness.links.home_file import read_home
from earwitness.understand.grammar import Grammar

TEA = """
areas: [Kitchen]
devices: [{name: Kettle, type: switch, area: Kitchen}]
sentences:
  lists:
    tea: [green tea, {say: [black tea, builder's tea], as: black tea}]
    size: [eight ounce, large]
  rules:
    want: "(I want|I'd like|make me)"
  requests:
    - name: OrderTea
      say: ["<want> [a|an] [{size}] {tea} [with {tea:second}]"]
      reply: "One [{size}] {tea}."
      do: [turn on the kettle]
    - name: AskTea
      say: what tea is there
      reply: Green and black.
"""


def grammar_of(folder: Path, text: str) -> Grammar:
    path = folder / "home.yaml"
    path.write_text(text, encoding="utf-8")
    home = read_home(path)
    assert home.own is not None
    return Grammar(home, others=[home.own.manifest])


@pytest.fixture(scope="module")
def grammar(tmp_path_factory: pytest.TempPathFactory) -> Grammar:
    return grammar_of(tmp_path_factory.mktemp("home"), TEA)


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("make me a large green tea", {"size": "large", "tea": "green tea"}),
        ("I'd like an eight ounce builder's tea", {"size": "eight ounce", "tea": "black tea"}),
        ("I'd like an 8-ounce black tea", {"size": "eight ounce", "tea": "black tea"}),
        ("I want green tea with black tea", {"tea": "green tea", "second": "black tea"}),
    ],
)
def test_what_is_said_is_understood_with_what_its_lists_hold(grammar: Grammar, said: str, slots: dict[str, str]) -> None:
    assert grammar.understand(said, context=Context()).intent == Intent(name="OrderTea", slots=slots)
    assert grammar.is_closed(said)


def test_the_sentences_of_the_house_stay(grammar: Grammar) -> None:
    intent = grammar.understand("turn on the kettle", context=Context()).intent
    assert intent == Intent(name="HassTurnOn", slots={"name": "Kettle"})
    assert grammar.understand("make me a large pizza", context=Context()).intent is None


def test_what_a_request_comes_to_and_an_example_of_it_are_kept(grammar: Grammar) -> None:
    own = grammar.home.own
    assert own is not None
    assert own.requests["OrderTea"] == OwnRequest(reply="One [{size}] {tea}.", steps=("turn on the kettle",))
    assert own.manifest.examples == ("I want green tea", "what tea is there")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("{tea} [with", "{coffee} [with", 'there is no list "coffee"'),
        ("<want> [a", "<wish> [a", 'there is no rule "wish"'),
        ("[{size}] {tea} [with {tea:second}]", "[{size} {tea}", "bracket"),
        ("One [{size}] {tea}.", "One {milk}.", 'no sentence has a list "milk"'),
        ("OrderTea", "order tea", "is no name of a request"),
        ("AskTea", "OrderTea", "there twice"),
        ("reply: Green and black.", "", 'needs a "reply"'),
        ("say: what tea is there", "", 'needs "say"'),
        ("tea: [green", "area: [green", "cannot be a name"),
        ("green tea,", '"green [tea]",', "without brackets"),
        ('"(I want|', '"(<want>|', "leads back to itself"),
        ("  requests:", "  request:", "not known here"),
    ],
)
def test_a_mistake_says_where_it_is(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in TEA
    with pytest.raises(HomeFileError, match=r"home\.yaml, line \d+") as caught:
        grammar_of(tmp_path, TEA.replace(before, after, 1))
    assert told in caught.value.sentence
