from earwitness.improve.understanding.sampling import Sample, Span
from earwitness.improve.understanding.tagging import train_tagger
from earwitness.understand.learned.tagger import Tagged, forbidden, spans_of, tags_of
from earwitness.understand.learned.words import KnownNames, words_in

SLOTS = {"Add": ("item", "list"), "Wake": ("when",)}
NAMES = KnownNames({"camping": "list"})


def marked(text: str) -> Sample:
    """A sentence whose slots stand in brackets: "add [item:milk] to [list:camping]"."""
    plain, spans = "", []
    for part in text.replace("]", "[").split("["):
        slot, is_slot, words = part.partition(":")
        if is_slot:
            spans.append(Span(slot=slot, start=len(plain), end=len(plain) + len(words)))
        plain += words if is_slot else part
    return Sample(text=plain, spans=tuple(spans))


LESSONS = [
    ("Add", marked("add [item:milk] to my [list:camping] list")),
    ("Add", marked("put [item:two eggs] on the [list:camping] list")),
    ("Add", marked("add [item:brown bread] to the [list:camping] list")),
    ("Wake", marked("wake me [when:tomorrow at seven]")),
    ("Wake", marked("wake me up [when:at noon] please")),
]


def test_slots_are_found_in_sentences_that_were_not_learned() -> None:
    tagger = train_tagger(LESSONS * 20, slots_of=SLOTS, known=NAMES, epochs=5, seed=1)
    words = words_in("put sour cream on my camping list")
    found = tagger.tag(words, NAMES.marks(words), intent="Add", slots=SLOTS["Add"])
    assert Tagged(slot="item", first=1, last=3) in found
    assert Tagged(slot="list", first=5, last=6) in found


def test_only_slots_of_the_intent_are_found() -> None:
    tagger = train_tagger(LESSONS * 5, slots_of=SLOTS, known=NAMES, epochs=3, seed=1)
    words = words_in("add milk to my camping list")
    assert {one.slot for one in tagger.tag(words, (), intent="Wake", slots=SLOTS["Wake"])} <= {"when"}
    assert tagger.tag(words, (), intent="Add", slots=()) == ()
    assert tagger.tag((), (), intent="Add", slots=SLOTS["Add"]) == ()


def test_it_learns_the_same_weights_each_time() -> None:
    first = train_tagger(LESSONS * 3, slots_of=SLOTS, known=NAMES, epochs=2, seed=3)
    assert (first.weights == train_tagger(LESSONS * 3, slots_of=SLOTS, known=NAMES, epochs=2, seed=3).weights).all()


def test_a_slot_never_goes_on_before_it_began() -> None:
    tags = tags_of(("item",))
    assert tags == ("-", "B item", "I item")
    banned = forbidden(tags)
    assert banned[-1][2] < 0
    assert banned[0][2] < 0
    assert banned[1][2] == banned[2][2] == 0
    assert spans_of([0, 1, 2, 0, 1], tags) == (Tagged(slot="item", first=1, last=3), Tagged(slot="item", first=4, last=5))
