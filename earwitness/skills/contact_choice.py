"""Whom a spoken name means: "my mum", "Shawn", "the plumber". Asks where two are near, says where there is none. Pure."""

from collections.abc import Iterable, Sequence

from earwitness.domain.contact import Channel, Contact, relation_word
from earwitness.domain.intent import Context, Intent
from earwitness.skills.interface import ask, refuse
from earwitness.understand.sounding import Match, Named, listed_choice, matched, same_words


def chosen_contact(
    spoken: str,
    *,
    contacts: Sequence[Contact],
    person_id: str | None,
    intent: Intent,
    slot: str,
    context: Context,
    channels: Sequence[Channel] = (),
) -> Contact:
    """The contact that `spoken` means to this person, among those that can be reached by one of `channels` (by default: any).

    Raises UnfulfillableError: "Do you mean Anna or Hanna?", which comes back as `intent` with `slot` filled; or a refusal.
    """
    related = _related(spoken, contacts, person_id=person_id)
    if related:
        return _one_of(_reachable(related, channels) or related, intent=intent, slot=slot, context=context, channels=channels)
    found = found_contacts(spoken, contacts)
    if found.best is not None:
        return _reached(_by_key(contacts, [found.best])[0], channels)
    if found.near:
        near = _by_key(contacts, found.near)
        return _one_of(_reachable(near, channels) or near, intent=intent, slot=slot, context=context, channels=channels)
    raise refuse(f"I know nobody called {spoken}")


def found_contacts(spoken: str, contacts: Iterable[Contact]) -> Match:
    """Contacts by name, by sound and alias. A full name that is the same counts before all first names; keys are contact ids."""
    everybody = list(contacts)
    same = [one for one in everybody if any(same_words(spoken, name) for name in (one.name, *one.aliases))]
    if len(same) == 1:
        return Match(best=Named(key=same[0].contact_id, names=same[0].spoken_names()), score=1.0)
    return matched(spoken, [Named(key=one.contact_id, names=one.spoken_names()) for one in everybody])


def _related(spoken: str, contacts: Sequence[Contact], *, person_id: str | None) -> list[Contact]:
    """Those that are that to the person. To a voice that nobody knows, somebody's only mum is whom it means."""
    word = relation_word(spoken)
    return [
        one
        for one in contacts
        if any(relation.word == word and person_id in (None, relation.person_id) for relation in one.relations)
    ]


def _one_of(contacts: Sequence[Contact], *, intent: Intent, slot: str, context: Context, channels: Sequence[Channel]) -> Contact:
    if len(contacts) == 1:
        return _reached(contacts[0], channels)
    names = [Named(key=one.contact_id, names=(one.name,)) for one in contacts[:3]]
    raise ask(f"Do you mean {listed_choice(names)}?", slot=slot, intent=intent, context=context)


def _by_key(contacts: Sequence[Contact], named: Sequence[Named]) -> list[Contact]:
    by_id = {one.contact_id: one for one in contacts}
    return [by_id[one.key] for one in named]


def _reachable(contacts: Sequence[Contact], channels: Sequence[Channel]) -> list[Contact]:
    return [one for one in contacts if not channels or one.reached_by(*channels)]


_WORDS = {
    Channel.PHONE: "telephone number",
    Channel.SIP: "telephone address",
    Channel.XMPP: "XMPP address",
    Channel.MATRIX: "Matrix address",
    Channel.EMAIL: "e-mail address",
    Channel.OTHER: "address",
}


def _reached(contact: Contact, channels: Sequence[Channel]) -> Contact:
    if channels and not contact.reached_by(*channels):
        words = list(dict.fromkeys(_WORDS[channel] for channel in channels))
        raise refuse(f"I have no {' or '.join(words[:2])} of {contact.name}")
    return contact
