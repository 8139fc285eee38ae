"""Where reviewers of a house come in: the desk here, or the way to a review service of its own, and the channel it asks by."""

import socket
from collections.abc import Sequence

from fastapi import APIRouter

from earwitness.build.house import House
from earwitness.build.review_counter import ServiceKey, channel_of, counter_of
from earwitness.build.reviewed import desk_entrance, known_intents
from earwitness.domain.account import Permission
from earwitness.server.review_channel import ReviewChannel
from earwitness.web.desk_api import DeskEntrance, desk_router
from earwitness.web.lead_api import lead_router
from earwitness.web.ticket_api import ticket_router


def _entrance(house: House) -> DeskEntrance:
    return desk_entrance(
        house.review,
        people=house.people,
        settings=house.settings.review,
        clock=house.clock,
        intents=lambda: known_intents(house.manifests),
        work=house.terms_in_force.work,
    )


def review_routers(house: House) -> list[APIRouter]:
    """The routes of reviewers: those of the desk, unless there is a service for them, and that of the ticket for it."""
    entrance, service_url = _entrance(house), house.settings.review.service_url
    ticket = ticket_router(entrance, house.visits, service_url=service_url)
    if house.review.is_elsewhere:
        return [ticket]
    return [ticket, desk_router(entrance), lead_router(entrance, house.review.adjudication)]


def review_pages(house: House) -> dict[str, str]:
    """Templates of pages that look otherwise where review is a service of its own."""
    return {"review": "review_elsewhere", "lead": "review_elsewhere"} if house.review.is_elsewhere else {}


def review_channel(house: House, *, names: Sequence[str]) -> tuple[ReviewChannel, socket.socket] | None:
    """The channel of the review service and its listening socket; None without a service. `names` are those of the server's
    certificate. Raises SettingsError, NetworkError, TrustError."""
    chosen = house.settings.review
    if not house.review.is_elsewhere:
        return None
    service_key = ServiceKey(house.state / "keys", authority=house.authority)
    counter = counter_of(
        house.review,
        _entrance(house),
        sign_ins=house.people.accounts.sign_ins,
        visits=house.visits,
        service_key=service_key,
        key_file=(house.state / "keys" / "household.key").absolute(),
        intents=lambda: known_intents(house.manifests),
        reviewers=lambda: [one.alias for one in house.people.all() if one.may(Permission.REVIEW)],
    )
    return channel_of(
        chosen.channel, counter, user=chosen.service_user, service_key=service_key, authority=house.authority, names=names
    )
