"""Asking before what is risky, and whom a spoken name means: refused politely, asked once, done after a yes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.account import AccountRole
from earwitness.domain.confirmation import (
    DEFAULTS,
    Act,
    Confirmation,
    ConfirmationPolicy,
    Speaker,
    Subject,
    least,
    speaker_of,
)
from earwitness.domain.contact import Address, Channel, Contact, Relation
from earwitness.domain.intent import Context, Intent
from earwitness.domain.person import Person
from earwitness.domain.turn import Outcome
from earwitness.skills.confirming import confirm
from earwitness.skills.contact_choice import chosen_contact
from earwitness.skills.inside import Inside
from earwitness.skills.interface import UnfulfillableError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CALL = Intent(name="CallContact", slots={"contact": "mum"})


def person(name: str, role: AccountRole) -> Person:
    return Person(
        person_id=name,
        name=name,
        alias=name,
        created_at=NOW,
        restricted_at=None,
        saw_listens_at=NOW,
        is_told_aloud=False,
        role=role,
    )


PEOPLE = [person("ada", AccountRole.OWNER), person("kim", AccountRole.CHILD), person("gus", AccountRole.GUEST)]


def inside(policy: ConfirmationPolicy | None = None) -> Inside:
    chosen = policy or ConfirmationPolicy()
    return Inside(alerts=None, timers=None, lists=None, people=lambda: PEOPLE, policy=lambda: chosen)  # type: ignore[arg-type]


def result(
    act: Act, intent: Intent = CALL, *, who: str | None = "ada", policy: ConfirmationPolicy | None = None
) -> tuple[str, str]:
    """What comes of it: "done", or the outcome and what is said."""
    try:
        context = Context(person_id=who)
        confirm(inside(policy), act=act, intent=intent, context=context, question="Shall I?", read_back="Mum. Right?")
    except UnfulfillableError as error:
        stopped = error.result
    else:
        return "done", ""
    if stopped.outcome is Outcome.ASKED:
        assert stopped.asks is not None
        assert (stopped.asks.expects, stopped.asks.pending) == ("confirmed", intent)
    return stopped.outcome.value, stopped.reply


def answered(is_yes: bool) -> Intent:
    return Intent(name=CALL.name, slots={**CALL.slots, "confirmed": is_yes})


def test_everybody_speaks_in_some_capacity_and_every_act_has_a_default() -> None:
    assert [speaker_of(one) for one in (*PEOPLE, None)] == [Speaker.OWNER, Speaker.CHILD, Speaker.GUEST, Speaker.UNKNOWN]
    assert {speaker_of(person("x", role)) for role in AccountRole} == set(Speaker) - {Speaker.UNKNOWN}
    assert set(DEFAULTS) == {(act, speaker) for act in Act for speaker in Speaker}
    assert {act for act in Act if least(act)} == {Act.DELETE_EVERYTHING, Act.EMERGENCY_CALL}


def test_a_light_is_done_at_once_and_a_call_is_said_back_first() -> None:
    assert result(Act.LIGHT) == ("done", "")
    assert result(Act.CALL) == ("asked", "Mum. Right?")
    assert result(Act.UNLOCK) == ("asked", "Shall I?")
    assert result(Act.CALL, answered(True)) == ("done", "")
    assert result(Act.CALL, answered(False)) == ("refused", "All right, I leave it.")


@pytest.mark.parametrize(
    ("who", "says"),
    [("kim", "I am sorry, a grown-up has to do that."), ("gus", "I am sorry, guests cannot do that here.")],
)
def test_children_and_guests_are_refused_politely_also_after_somebody_else_was_asked(who: str, says: str) -> None:
    assert result(Act.UNLOCK, who=who) == ("refused", says)
    assert result(Act.UNLOCK, answered(True), who=who) == ("refused", says)


def test_an_unknown_voice_is_nobody_also_with_an_id_that_is_gone() -> None:
    for who in (None, "left"):
        assert result(Act.DELETE_EVERYTHING, who=who)[0] == "refused"
        assert result(Act.MESSAGE, who=who)[0] == "asked"


def test_an_owner_chooses_otherwise() -> None:
    policy = ConfirmationPolicy(
        chosen={(Act.CALL, Speaker.CHILD): Confirmation.NONE, (Act.LIGHT, Speaker.GUEST): Confirmation.REFUSE}
    )
    assert result(Act.CALL, who="kim", policy=policy) == ("done", "")
    assert result(Act.LIGHT, who="gus", policy=policy)[0] == "refused"
    assert result(Act.CALL, policy=policy)[0] == "asked"


@pytest.mark.parametrize("chosen", list(Confirmation))
def test_a_rule_for_a_door_lifts_no_refusal_but_for_whom_it_names(chosen: Confirmation) -> None:
    policy = ConfirmationPolicy(devices={("lock.front", None): chosen, ("lock.shed", Speaker.CHILD): chosen})
    for who in (Speaker.CHILD, Speaker.GUEST):
        assert policy.decide(Act.UNLOCK, who, device_id="lock.front") is Confirmation.REFUSE
    assert policy.decide(Act.UNLOCK, Speaker.OWNER, device_id="lock.front") is chosen
    assert policy.decide(Act.UNLOCK, Speaker.CHILD, device_id="lock.shed") is chosen


NONE, ASK, REFUSE = Confirmation.NONE, Confirmation.ASK, Confirmation.REFUSE
FRONT, TIM = "lock.front", "tim"
ORDER = [
    Subject(device_id=FRONT, act=Act.UNLOCK, person_id=TIM),
    Subject(device_id=FRONT, person_id=TIM),
    Subject(device_id=FRONT, act=Act.UNLOCK, speaker=Speaker.ADULT),
    Subject(device_id=FRONT, speaker=Speaker.ADULT),
    Subject(device_id=FRONT, act=Act.UNLOCK),
    Subject(device_id=FRONT),
    Subject(act=Act.UNLOCK, person_id=TIM),
    Subject(act=Act.UNLOCK, speaker=Speaker.ADULT),
]
"""From the most specific rule to the least."""


def policy_of(rules: dict[Subject, Confirmation]) -> ConfirmationPolicy:
    """A policy of these rules, each where it is kept."""
    chosen = {(one.act, one.speaker): how for one, how in rules.items() if not one.device_id and one.act and one.speaker}
    devices = {
        (one.device_id, one.speaker): how for one, how in rules.items() if one.device_id and not one.act and not one.person_id
    }
    rest = {one: how for one, how in rules.items() if one.person_id or (one.device_id and one.act)}
    return ConfirmationPolicy(chosen=chosen, devices=devices, rules=rest)


def decided(rules: dict[Subject, Confirmation], *, who: Speaker = Speaker.ADULT, person_id: str | None = TIM) -> Confirmation:
    return policy_of(rules).decide(Act.UNLOCK, who, device_id=FRONT, person_id=person_id)


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_most_specific_rule_holds(place: int) -> None:
    less_specific = dict.fromkeys(ORDER[place + 1 :], Confirmation.READ_BACK)
    assert decided({ORDER[place]: NONE, **less_specific}) is NONE
    assert decided({ORDER[place]: REFUSE, **less_specific}) is REFUSE


@given(rules=st.dictionaries(st.sampled_from(ORDER), st.sampled_from(list(Confirmation))))
def test_no_rule_lifts_a_refusal_that_says_more_closely_whom(rules: dict[Subject, Confirmation]) -> None:
    """And without refusals the first of the order holds."""
    held = decided(rules)
    if REFUSE not in rules.values():
        assert held is next((rules[one] for one in ORDER if one in rules), DEFAULTS[Act.UNLOCK, Speaker.ADULT])
    closest = [one for one in ORDER if one in rules and one.person_id]
    if closest:
        assert (held is REFUSE) or rules[closest[0]] is not REFUSE
    if held is not REFUSE:
        refusing = [one for one in ORDER if rules.get(one) is REFUSE]
        for refused in refusing:
            later = ORDER[: ORDER.index(refused)]
            assert any(one in rules and one.closeness >= refused.closeness for one in later)


def test_people_are_told_apart_and_somebody_unknown_has_no_rules_of_theirs() -> None:
    rules = {Subject(device_id=FRONT, act=Act.UNLOCK, person_id=TIM): REFUSE, Subject(device_id=FRONT): NONE}
    assert decided(rules) is REFUSE
    assert decided(rules, person_id="ada") is NONE
    assert decided(rules, person_id=None) is NONE
    assert policy_of(rules).decide(Act.LOCK, Speaker.ADULT, device_id=FRONT, person_id=TIM) is NONE
    assert policy_of(rules).decide(Act.UNLOCK, Speaker.ADULT, device_id="lock.shed", person_id=TIM) is ASK


def test_no_rule_makes_an_emergency_call_without_asking() -> None:
    policy = ConfirmationPolicy(rules={Subject(act=Act.EMERGENCY_CALL, person_id=TIM): NONE})
    assert policy.decide(Act.EMERGENCY_CALL, Speaker.ADULT, person_id=TIM) is ASK


def test_a_person_who_may_not_is_refused_politely() -> None:
    policy = ConfirmationPolicy(
        rules={Subject(act=Act.UNLOCK, person_id="ada"): REFUSE, Subject(act=Act.CALL, person_id="kim"): NONE}
    )
    assert result(Act.UNLOCK, policy=policy) == ("refused", "I am sorry, you may not do that here.")
    assert result(Act.CALL, who="kim", policy=policy) == ("done", "")
    assert result(Act.UNLOCK, who="kim", policy=policy) == ("refused", "I am sorry, a grown-up has to do that.")


# Whom a name means


def contact(name: str, *, mum_of: str | None = None, phone: str = "+49170", **fields: tuple[str, ...]) -> Contact:
    return Contact(
        contact_id=name,
        owner_id=None,
        name=name,
        aliases=fields.get("aliases", ()),
        relations=(Relation(person_id=mum_of, word="mother"),) if mum_of else (),
        addresses=(Address(channel=Channel.PHONE, value=phone),) if phone else (),
        changed_at=NOW,
    )


BOOK = [
    contact("Thomasina Quill", mum_of="ada"),
    contact("Bertha Okonkwo", mum_of="kim"),
    contact("Siobhan Kelly", aliases=("Shiv",)),
    contact("Jon Miller"),
    contact("John Miller", phone=""),
    contact("Percival", phone=""),
]


def chosen(spoken: str, *, who: str | None = "ada", channels: tuple[Channel, ...] = (), book: list[Contact] | None = None) -> str:
    """The contact's name, or what is said instead."""
    try:
        found = chosen_contact(
            spoken,
            contacts=BOOK if book is None else book,
            person_id=who,
            intent=CALL,
            slot="contact",
            context=Context(person_id=who),
            channels=channels,
        )
    except UnfulfillableError as stopped:
        return stopped.result.reply
    return found.name


def test_everybody_has_a_mum_of_their_own() -> None:
    assert chosen("Mum") == chosen("my mother") == "Thomasina Quill"
    assert chosen("mum", who="kim") == "Bertha Okonkwo"
    assert chosen("mum", who=None) == "Do you mean Thomasina Quill or Bertha Okonkwo?"
    assert chosen("mum", who=None, book=BOOK[:1]) == "Thomasina Quill"
    assert chosen("mum", who="gus") == "I know nobody called mum."


def test_names_are_found_as_they_sound_and_asked_about_where_two_are_near() -> None:
    assert chosen("Shivon Kelly") == chosen("shiv") == "Siobhan Kelly"
    assert chosen("Jon Miller") == "Jon Miller"
    assert chosen("Jonn Miller") in (
        "Do you mean Jon Miller or John Miller?",
        "Do you mean John Miller or Jon Miller?",
    )
    assert chosen("Wolfgang") == "I know nobody called Wolfgang."


def test_only_those_that_can_be_reached_are_asked_about_and_it_is_said_what_is_missing() -> None:
    assert chosen("Jonn Miller", channels=(Channel.PHONE,)) == "Jon Miller"
    assert (
        chosen("Percival", channels=(Channel.PHONE, Channel.SIP))
        == "I have no telephone number or telephone address of Percival."
    )
