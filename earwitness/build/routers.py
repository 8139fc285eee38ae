"""The pages and the JSON API of one house, each with the parts that it serves."""

from fastapi import APIRouter

from earwitness.build.house import House
from earwitness.build.kept import utc_now
from earwitness.build.outgoing import fixed_outgoing
from earwitness.build.review_routers import review_pages, review_routers
from earwitness.build.reviewed import drawn_desk
from earwitness.config import Settings
from earwitness.domain.alert import Place
from earwitness.foreign.reach import warnings
from earwitness.links.skill_memory import SkillMemory
from earwitness.people.invitations import Invitations
from earwitness.server.pairing_desk import PairingDesk
from earwitness.skills.inside import random_id
from earwitness.speech.wake.micro import WAKE_WORDS
from earwitness.understand.sentences import own_manifests
from earwitness.web.account_api import account_router
from earwitness.web.accounts_api import accounts_router
from earwitness.web.alerts_api import AlertsDesk, alerts_router
from earwitness.web.api import api_router
from earwitness.web.calendar_api import calendar_router
from earwitness.web.calls_api import calls_router
from earwitness.web.confirmations_api import confirmations_router
from earwitness.web.contacts_api import contacts_router
from earwitness.web.demands_api import DemandsDesk, demands_router
from earwitness.web.devices_api import devices_router
from earwitness.web.drawn_api import drawn_router
from earwitness.web.history_api import history_router
from earwitness.web.household_api import HouseholdDesk, household_router
from earwitness.web.improve_api import ImproveDesk, improve_router
from earwitness.web.invitations_api import Acceptances, invitations_router
from earwitness.web.links_api import LinksDesk, links_router
from earwitness.web.listens_api import ledger_router, listens_router
from earwitness.web.lists_api import ListsDesk, lists_router
from earwitness.web.messages_api import messages_router
from earwitness.web.oversight_api import oversight_router
from earwitness.web.pages import page_router
from earwitness.web.people_api import people_router
from earwitness.web.quiet_api import quiet_router
from earwitness.web.remote_api import remote_router
from earwitness.web.routines_api import routines_router
from earwitness.web.setup_api import FirstStart, setup_router
from earwitness.web.setup_pass import SetupPass
from earwitness.web.setup_voice_api import setup_voice_router
from earwitness.web.sign_in_api import sign_in_router
from earwitness.web.signed_in import SignedIn
from earwitness.web.skills_api import skills_router
from earwitness.web.sounds_api import sounds_router
from earwitness.web.sync_api import sync_router


def routers(house: House, signed_in: SignedIn, *, start: FirstStart, passes: SetupPass, desk: PairingDesk) -> list[APIRouter]:
    """Pages and API of one house."""
    rights, accounts = house.rights, house.people.accounts
    return [
        page_router(wake_words=lambda: house.wake_words, also=("devices",), instead=review_pages(house)),
        api_router(house.assistant),
        household_router(_household_desk(house), assistant=house.assistant),
        setup_voice_router(house.assistant, hears=house.heard, wake_words=WAKE_WORDS),
        setup_router(start, assistant=house.assistant, passes=passes, signed_in=signed_in),
        sign_in_router(accounts, signed_in=signed_in),
        account_router(accounts),
        accounts_router(rights),
        invitations_router(_acceptances(house), signed_in=signed_in),
        people_router(rights, vault=house.vault, prover=house.prover, signed_in=signed_in, clock=utc_now),
        history_router(rights, clock=utc_now, meant=house.meant),
        improve_router(ImproveDesk(improver=lambda: house.improver, refresh=lambda: house.in_use.refresh())),
        listens_router(rights, prover=house.prover),
        drawn_router(drawn_desk(house.review, rights=rights, clock=utc_now)),
        *review_routers(house),
        demands_router(DemandsDesk(demands=house.demands, sender=lambda: _home_name(house), clock=utc_now)),
        oversight_router(house.oversight),
        ledger_router(house.ledger),
        devices_router(
            house.devices,
            device_log=house.device_log,
            desk=desk,
            satellites=house.every_satellite,
            rooms=lambda: [area.name for area in house.link.snapshot().areas],
            foreign=house.foreign,
            trusted_interface=house.settings.foreign.trusted_interface,
            warnings=plain_sound(house.settings),
            quiet=house.quiet.in_force,
        ),
        routines_router(
            house.routines,
            form=house.routine_form,
            understand=lambda text, context: house.understander.alone(text, context=context).intent,
            perform=lambda intent, context: house.skills.perform(intent, context=context),
            people=lambda: list(house.people.all()),
        ),
        skills_router(
            house.shelf,
            own=own_manifests,
            memory=lambda name: SkillMemory(house.database, skill=name),
            log=house.people.accounts.log,
            settle=house.take_skills,
        ),
        alerts_router(_alerts_desk(house)),
        messages_router(
            house.message_box,
            post=lambda: house.post,
            perform=lambda intent, context: house.skills.perform(intent, context=context),
            people=house.people.all,
            devices=lambda: house.devices.all(with_revoked=False),
            keeps=lambda person_id: house.rights.keeping(person_id) is not None,
            rooms=lambda: [area.name for area in house.link.snapshot().areas],
        ),
        calls_router(lambda: house.telephones),
        lists_router(ListsDesk(house.lists, fixed=lambda: house.link.snapshot().lists, clock=utc_now)),
        calendar_router(house.calendar, clock=house.clock, new_id=random_id),
        sync_router(house.calendar_sync, clock=house.clock),
        sounds_router(house.ring_sounds),
        quiet_router(
            house.quiet,
            clock=house.clock,
            rooms=lambda: [area.name for area in house.link.snapshot().areas],
            devices=lambda: house.devices.all(with_revoked=False),
        ),
        links_router(_links_desk(house)),
        contacts_router(house.contacts, people=house.people.all, log=house.people.accounts.log, clock=utc_now),
        confirmations_router(
            house.confirmations,
            devices=lambda: house.link.snapshot().devices,
            people=house.people.all,
            log=house.people.accounts.log,
        ),
        remote_router(house.remote, settings=house.settings.remote, page_port=house.settings.server.port),
    ]


def first_start(house: House) -> FirstStart:
    """The first start, which furnishes the running house with what was chosen."""
    return FirstStart(house.people, house.household, wake_words=WAKE_WORDS, settle=house.furnish)


def _home_name(house: House) -> str:
    """In whose name letters are written."""
    choices = house.household.choices()
    return "Earwitness" if choices is None else choices.name


def _household_desk(house: House) -> HouseholdDesk:
    """Where the owner changes the household, which the running house takes."""
    return HouseholdDesk(
        house.household,
        log=house.people.accounts.log,
        wake_words=WAKE_WORDS,
        settle=house.furnish,
        move=house.move_satellites,
        own_area=lambda: house.own_area,
        zone=lambda: house.clock.zone.key,
        words=lambda: house.wake_words,
        check_sound=house.ring_sounds.check,
    )


def _alerts_desk(house: House) -> AlertsDesk:
    """Where what rings is changed by hand."""
    return AlertsDesk(
        house.household_alerts,
        clock=house.clock,
        new_id=random_id,
        people=house.people.all,
        rooms=lambda: [area.name for area in house.link.snapshot().areas],
        acknowledge=lambda ring_id: house.alerts.acknowledge(ring_id),
        sounds=house.ring_sounds,
        plain_ringers=lambda alert: house.every_satellite.rings_plainly(
            area=alert.area if alert.place is Place.ROOM else None,
            device_id=alert.device_id if alert.place is Place.DEVICE else None,
        ),
    )


def _links_desk(house: House) -> LinksDesk:
    """Where links are set up, and what leaves otherwise."""
    return LinksDesk(
        configured=house.configured_links,
        board=house.switchboard,
        fixed=lambda: fixed_outgoing(house),
        log=house.people.accounts.log,
    )


def _acceptances(house: House) -> Acceptances:
    invitations = Invitations(house.database, people=house.people, clock=utc_now)
    return Acceptances(invitations, people=house.people, household=house.household)


def plain_sound(settings: Settings) -> tuple[str, ...]:
    """Where these settings let sound travel unencrypted, in sentences that stay visible."""
    chosen = settings.foreign
    return warnings(has_services=chosen.wyoming_services, services_host=chosen.wyoming_host, interface=chosen.trusted_interface)
