# ruff: noqa: RUF001
"""What is said of a page: sentences without tables, footnotes and pronunciation; and the one sentence that answers."""

import time

import pytest

from earwitness.links.article_facts import asked_fact, find_fact
from earwitness.links.article_text import Article, read_article, sentences, without_sounds

EINSTEIN = """<style>.a{b:c}</style><div class="hatnote">For other uses, see Einstein.</div>
<table class="infobox"><tr><td><p>Born 14 March 1879</p></td></tr></table><p class="mw-empty-elt"></p>
<p><b>Albert Einstein</b><sup class="reference">[a]</sup> (<small>/</small><span class="IPA">ˈaɪnstaɪn</span>;<sup>[1]</sup>
German: <span>[ˈalbɛʁt ˈaɪnʃtaɪn] <span class="ext-phonos">ⓘ</span></span>; 14 March 1879 – 18 April 1955) was a German-born
<a href="x">theoretical physicist</a> who is best known for E = mc<sup>2</sup>.[2][3] He won the Nobel Prize, e.g. for the
work of Dr. M. Planck in the U.S. and elsewhere.<span style="display: none">hidden</span></p>
<figure><figcaption><p>Einstein in 1947</p></figcaption></figure>
<h2>Life<span class="mw-editsection">[edit]</span></h2><p>He was born in Ulm, in the Kingdom of Württemberg, on 14 March 1879.</p>
<p>Einstein died in Princeton on 18 April 1955.[citation needed]</p><script>p("<p>no</p>")</script>"""


def test_a_page_becomes_sentences_that_can_be_said() -> None:
    article = read_article(EINSTEIN.encode())
    assert article.lead == (
        "Albert Einstein (14 March 1879 – 18 April 1955) was a German-born theoretical physicist who is best known for E = mc2.",
        "He won the Nobel Prize, e.g. for the work of Dr. M. Planck in the U.S. and elsewhere.",
    )
    assert article.body == (
        "He was born in Ulm, in the Kingdom of Württemberg, on 14 March 1879.",
        "Einstein died in Princeton on 18 April 1955.",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Paris (French: [paʁi] ⓘ) is a city.", "Paris is a city."),
        ("Tokyo (東京, Tōkyō) is a city.", "Tokyo is a city."),
        ("The Rhine (/raɪn/ RYNE) flows (to the sea).", "The Rhine flows (to the sea)."),
        ("A (b (c; pronounced d)) e", "A e"),
        ("Kyiv (also Kiev) lies there.", "Kyiv (also Kiev) lies there."),
        ("Open ( here and (there", "Open ( here and (there"),
        (")(" * 3, ")("),
    ],
)
def test_brackets_about_sounds_and_other_languages_are_left_out(text: str, said: str) -> None:
    assert without_sounds(text) == said


def test_names_and_numbers_do_not_end_sentences() -> None:
    text = 'J. R. Smith paid 3.5 million (approx. Five) to St. John. "Was it much?" It was. No. 5 came c. 1500 B.C. Then it ended'
    assert sentences(text) == [
        "J. R. Smith paid 3.5 million (approx. Five) to St. John.",
        '"Was it much?"',
        "It was.",
        "No. 5 came c. 1500 B.C.",
        "Then it ended",
    ]


TOWER = Article(
    lead=("The Eiffel Tower is a lattice tower in Paris.", "It is 330 metres (1,083 ft) tall, about as high as 81 storeys."),
    body=(
        "The tower was painted by the Duvoisin company.",
        "The Chrysler Building was 319 m tall.",
        "It was completed in 1889.",
        "The tower is 5 m taller than the Millau Viaduct.",
        "It weighed 7,300 tonnes.",
    ),
)


@pytest.mark.parametrize(
    ("question", "topic", "found"),
    [
        ("How tall is the Eiffel Tower?", "eiffel tower", "It is 330 metres (1,083 ft) tall, about as high as 81 storeys."),
        (
            "what's the height of the Eiffel Tower",
            "eiffel tower",
            "It is 330 metres (1,083 ft) tall, about as high as 81 storeys.",
        ),
        ("when was the Eiffel Tower completed", "eiffel tower", "It was completed in 1889."),
        ("who painted the Eiffel Tower", "eiffel tower", "The tower was painted by the Duvoisin company."),
        ("how long is the Eiffel Tower", "eiffel tower", None),
        ("when was the Eiffel Tower born", "eiffel tower", None),
    ],
)
def test_the_sentence_that_answers_is_found_or_none_is(question: str, topic: str, found: str | None) -> None:
    fact = asked_fact(question)
    assert fact is not None
    assert fact.topic == topic
    assert find_fact(TOWER, fact, title="Eiffel Tower") == found


@pytest.mark.parametrize(
    ("question", "sentence", "title", "is_found"),
    [
        ("where was Albert Einstein born", "He was born in Ulm on 14 March 1879.", "Albert Einstein", True),
        ("when did Albert Einstein die", "Einstein died in Princeton on 18 April 1955.", "Albert Einstein", True),
        ("when was Marie Curie born", "Marie Curie (born 7 November 1867) was a physicist.", "Marie Curie", True),
        ("when was Marie Curie born", "Her daughter Irène was born in 1897.", "Marie Curie", False),
        ("when was Marie Curie born", "Pierre Curie, her husband, was born in 1859.", "Marie Curie", False),
        ("who won the 2018 FIFA World Cup", "It was won by France, who beat Croatia.", "2018 FIFA World Cup", True),
        ("who invented the telephone", "The telephone was invented by Alexander Graham Bell.", "Telephone", True),
        ("who wrote Hamlet", "Hamlet is a tragedy written by William Shakespeare.", "Hamlet", True),
        ("what is the capital of France", "Its capital is Paris.", "France", True),
        ("what is the capital of France", "It is a country with much capital.", "France", False),
        ("how many people live in Ulm", "It has a population of 126,000.", "Ulm", True),
        ("when was Albert Einstein born", "He married Mileva Marić, who was born in 1875.", "Albert Einstein", False),
        ("when was the Eiffel Tower opened", "In May 1889 the Eiffel Tower was opened.", "Eiffel Tower", True),
        ("how tall is the Eiffel Tower", "Its height is 330 m.", "Eiffel Tower", True),
        ("how tall is the Burj Khalifa", "The Willis Tower was 442 m tall.", "Burj Khalifa", False),
        ("how tall is the Burj Khalifa", "It is taller than Taipei 101, which is 508 m tall.", "Burj Khalifa", False),
    ],
)
def test_a_sentence_about_something_else_does_not_answer(question: str, sentence: str, title: str, is_found: bool) -> None:
    fact = asked_fact(question)
    assert fact is not None
    assert (find_fact(Article(lead=(sentence,), body=()), fact, title=title) == sentence) is is_found


def test_two_sentences_past_the_lead_are_not_sure() -> None:
    fact = asked_fact("how high is the mountain")
    assert fact is not None
    one, other = "It is 100 m high.", "The mountain is 90 m high."
    assert find_fact(Article(lead=(), body=(one,)), fact, title="Mountain") == one
    assert find_fact(Article(lead=(), body=(one, other)), fact, title="Mountain") is None


@pytest.mark.parametrize(
    "question", ["", "what is love", "how are you", "who", "born", "how tall is", "tell me a joke", "x" * 5000]
)
def test_other_questions_ask_for_no_fact(question: str) -> None:
    assert asked_fact(question) is None


@pytest.mark.quiet
@pytest.mark.parametrize(
    "page",
    [b"", b"\x00\xff" * 1000, b"<p>" * 30_000, b"<div>" * 30_000 + b"<p>a", b"(" * 1_000_000, b"<p>" + b"(a" * 500_000,
     b"<p>" + b"A. " * 300_000, b"<p>" + b"a" * 3_000_000, b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><p>&b;"],
)  # fmt: skip
def test_hostile_pages_are_read_in_bounded_time(page: bytes) -> None:
    began = time.monotonic()
    article = read_article(page)
    assert time.monotonic() - began < 4.0
    assert "root:" not in " ".join(article.lead)
