"""What is answered aloud at the first start, as recognisers write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.understand.first_answers import Act, Question, SpokenAnswer, understood

WAKE_WORDS = ("alexa", "hey jarvis", "hey mycroft", "okay nabu")
VOICES = ("heart", "heart-kokoro", "bella", "nicole", "emma", "michael", "santa")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Villa Sunshine.", "Villa Sunshine"),
        ("Our home is called Villa Sunshine.", "Villa Sunshine"),
        ("Call it the burrow", "The burrow"),
        ("It's Rose Cottage!", "Rose Cottage"),
        ("the name is number 12, Mill Lane", "Number 12, Mill Lane"),
        ("My house", "My house"),
    ],
)
def test_the_name_of_a_home(said: str, name: str) -> None:
    assert understood(Question.HOME, said) == SpokenAnswer(act=Act.SAID, name=name)


@pytest.mark.parametrize(
    ("said", "rooms"),
    [
        ("Kitchen, living room and bedroom.", ("kitchen", "living room", "bedroom")),
        ("kitchen living room and bedroom", ("kitchen", "living room", "bedroom")),
        ("There is a kitchen, a bathroom, and the attic", ("kitchen", "bathroom", "attic")),
        ("We have a kitchen and Anna's room", ("kitchen", "anna's room")),
        ("The rooms are kitchen bedroom", ("kitchen", "bedroom")),
        ("Attic, attic and Attic", ("attic",)),
        ("a Winter Garden", ("winter garden",)),
        ("add the Library", ("Library",)),
    ],
)
def test_rooms(said: str, rooms: tuple[str, ...]) -> None:
    assert understood(Question.ROOMS, said, options=("Library",)) == SpokenAnswer(act=Act.SAID, rooms=rooms)


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("Alexa.", "alexa"),
        ("OK, Nabu.", "okay nabu"),
        ("hey Jarvis", "hey jarvis"),
        ("Hey, my croft", "hey mycroft"),
        ("The second one.", "hey jarvis"),
        ("number three", "hey mycroft"),
        ("the last one", "okay nabu"),
        ("I take the first one", "alexa"),
        ("2", "hey jarvis"),
    ],
)
def test_a_wake_word(said: str, chosen: str) -> None:
    assert understood(Question.WAKE_WORD, said, options=WAKE_WORDS) == SpokenAnswer(act=Act.SAID, name=chosen)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Bella", SpokenAnswer(act=Act.SAID, name="bella")),
        ("I want Michael.", SpokenAnswer(act=Act.SAID, name="michael")),
        ("Heart.", SpokenAnswer(act=Act.SAID, name="heart")),
        ("This one.", SpokenAnswer(act=Act.THIS)),
        ("That's the one", SpokenAnswer(act=Act.NOTHING)),
        ("I like this one", SpokenAnswer(act=Act.THIS)),
        ("Next!", SpokenAnswer(act=Act.NEXT)),
        ("another one", SpokenAnswer(act=Act.NEXT)),
        ("No.", SpokenAnswer(act=Act.NEXT)),
        ("the twentieth one", SpokenAnswer(act=Act.NOTHING)),
        ("what is the weather like in Rome", SpokenAnswer(act=Act.NOTHING)),
    ],
)
def test_a_voice(said: str, answer: SpokenAnswer) -> None:
    assert understood(Question.VOICE, said, options=VOICES) == answer


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ("Yes, I understand.", Act.YES),
        ("I understand", Act.YES),
        ("Understood.", Act.YES),
        ("I agree to this", Act.YES),
        ("Yes.", Act.NOTHING),
        ("Okay", Act.NOTHING),
        ("I do not understand", Act.NO),
        ("No, I don't agree", Act.NO),
        ("I understand nothing", Act.NO),
        ("Repeat.", Act.REPEAT),
    ],
)
def test_an_acknowledgement_is_meant_or_it_is_none(said: str, act: Act) -> None:
    assert understood(Question.PROMISE, said).act is act


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ("Repeat", Act.REPEAT),
        ("say that again", Act.REPEAT),
        ("Sorry, what?", Act.REPEAT),
        ("go back", Act.BACK),
        ("Go on.", Act.GO_ON),
        ("that's all", Act.GO_ON),
        ("", Act.NOTHING),
        (" . ", Act.NOTHING),
    ],
)
@pytest.mark.parametrize("question", Question)
def test_what_can_be_said_everywhere(question: Question, said: str, act: Act) -> None:
    assert understood(question, said, options=VOICES).act is act


def test_while_it_is_confirmed_yes_and_no_count_and_another_answer_does() -> None:
    def act(said: str) -> SpokenAnswer:
        return understood(Question.HOME, said, is_confirming=True)

    assert [act(said).act for said in ("Yes.", "That's right.", "Correct", "No.", "no that is wrong", "Not quite")] == [
        *(Act.YES,) * 3,
        *(Act.NO,) * 3,
    ]
    assert act("Call it Rose Cottage") == SpokenAnswer(act=Act.SAID, name="Rose Cottage")


@given(st.text(max_size=300), st.sampled_from(Question), st.booleans())
def test_anything_is_some_answer_and_names_stay_short(text: str, question: Question, is_confirming: bool) -> None:
    found = understood(question, text, options=VOICES, is_confirming=is_confirming)
    assert len(found.name) <= 64
    assert all(0 < len(room) <= 64 for room in found.rooms)
