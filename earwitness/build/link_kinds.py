"""The kinds of links that a house knows, a line each. What a kind needs of the house is asked when a link is made, not before."""

from typing import TYPE_CHECKING, Any

from earwitness.links.home_links import home_assistant_kind, mqtt_kind
from earwitness.links.link_kind import LinkKind
from earwitness.links.message_links import message_kinds
from earwitness.links.music_links import mpd_kind, mpv_kind, snapcast_kind
from earwitness.links.sip_kind import kind as sip_kind

if TYPE_CHECKING:
    from earwitness.build.linked import LinkedHouse


def link_kinds(house: "LinkedHouse") -> tuple[LinkKind[Any], ...]:
    """All of them, in the order in which forms list them."""
    return (
        home_assistant_kind(),
        mqtt_kind(),
        sip_kind(listener=lambda: house.telephones),
        *message_kinds(lambda: house.post, people=lambda: house.people.all()),
        mpv_kind(),
        mpd_kind(),
        snapcast_kind(),
    )
