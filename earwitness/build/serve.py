"""A house that listens: its page, its satellites, those of other makes, and the jobs that run beside them."""

import asyncio
import gc
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial

from earwitness import __version__
from earwitness.build.house import House
from earwitness.build.kept import utc_now
from earwitness.build.review_routers import review_channel
from earwitness.build.routers import first_start, plain_sound, routers
from earwitness.domain.audio import Pcm
from earwitness.domain.device import Device
from earwitness.foreign.attendance import Attendance
from earwitness.foreign.wyoming_services import Offer, WyomingServices, open_socket
from earwitness.jobs.tell_listens import TellListens
from earwitness.jobs.watch_review import WatchReview
from earwitness.server.app import make_app
from earwitness.server.device_door import DeviceDoor
from earwitness.server.device_listener import DeviceListener
from earwitness.server.gate import Setup
from earwitness.server.listen import Address, bind, http_server
from earwitness.server.pairing_desk import PairingDesk
from earwitness.server.roster import DeviceRoster, have_renewed
from earwitness.server.satellite_music import SatelliteMusic
from earwitness.server.session import Session
from earwitness.server.web_door import WebDoor, names_of
from earwitness.speech.wake.micro import WAKE_WORDS
from earwitness.speech.wake.verifier import verifier_bytes
from earwitness.trust.certificates import key_digest_of
from earwitness.web.pages import static_files
from earwitness.web.setup_pass import SetupPass
from earwitness.web.signed_in import SignedIn


def _pairing_desk(house: House, door: DeviceDoor) -> PairingDesk:
    return PairingDesk(
        devices=house.devices,
        device_log=house.device_log,
        authority=house.authority,
        certificate=lambda: door.certificate_der,
        clock=time.monotonic,
    )


def _device_listener(house: House, door: DeviceDoor, *, desk: PairingDesk) -> DeviceListener:
    """The satellites' port; a device that is changed or revoked in the registry is told at once."""

    def away_sound(text: str, voice: str | None) -> list[Pcm]:
        return list(house.assistant.say(text, voice=voice or house.voice, speed=house.settings.speech.speed))

    listener = DeviceListener(
        tls=lambda: door.context,
        key_digest_of=key_digest_of,
        assistant=house.assistant,
        satellites=house.satellites,
        roster=DeviceRoster(house.devices, device_log=house.device_log, authority=house.authority),
        pair=desk.meet,
        away_sound=away_sound,
    )
    loop = asyncio.get_running_loop()
    house.devices.subscribe(lambda device: None if loop.is_closed() else _soon(loop, listener, device))
    return listener


def _soon(loop: asyncio.AbstractEventLoop, listener: DeviceListener, device: Device) -> None:
    loop.call_soon_threadsafe(listener.changed, device)


def _wyoming_services(house: House, *, say: Callable[[str], None]) -> Callable[[], Coroutine[None, None, None]] | None:
    """Our services for Home Assistant, listening, if the settings offer them. Raises NetworkError."""
    chosen = house.settings.foreign
    listener = open_socket(chosen.wyoming_host, chosen.wyoming_port, trust=house.trust) if chosen.wyoming_services else None
    for sentence in plain_sound(house.settings):
        say(f"Warning: {sentence}")
    if listener is None:
        return None
    offer = Offer(
        assistant=house.assistant,
        engines=lambda: replace(house.engines, workers=house.workers.of("wyoming")),
        detector=house.wake_detector,
        wake_words=WAKE_WORDS,
        version=__version__,
        speed=house.settings.speech.speed,
    )
    say(f"Wyoming services are offered on {chosen.wyoming_host}, port {listener.getsockname()[1]}.")
    services = WyomingServices(offer, trust=house.trust, most_connections=chosen.most_connections)
    return partial(services.run, listener)


def _attend_to_foreign(house: House) -> Attendance:
    """The foreign satellites; a change in the registry is seen at once."""
    loop, foreign = asyncio.get_running_loop(), house.foreign
    house.devices.subscribe(lambda device: None if loop.is_closed() else _see_foreign(loop, foreign))
    return foreign


def _see_foreign(loop: asyncio.AbstractEventLoop, foreign: Attendance) -> None:
    loop.call_soon_threadsafe(foreign.changed)


def _device_socket(address: Address, chosen: int | None) -> socket.socket | None:
    """The listening socket for satellites; None if they are not served. Beside a page on any free port it is on one too."""
    if chosen == 0:
        return None
    port = chosen or (address.port + 1 if address.port else 0)
    return bind(replace(address, port=port))


async def serve(house: House, *, host: str | None, port: int | None, say: Callable[[str], None]) -> None:
    """Load the models, listen, and serve until interrupted. Raises NetworkError, ModelError, StorageError."""
    server = house.settings.server
    own = (server.tls_certificate, server.tls_key)
    web_door = WebDoor(
        house.authority,
        host=host or server.host,
        port=server.port if port is None else port,
        own=own,
        also=house.remote.addresses,
    )
    address = web_door.address
    sessions: set[Session] = set()
    submissions = house.submissions
    signed_in = SignedIn(house.people, is_secure=address.is_secure)
    names = names_of(address.host, *house.remote.addresses)  # as the page's: both show the one certificate of the server
    door = DeviceDoor(
        house.authority,
        files=lambda: house.authority.server_files(names),
        have_renewed=lambda since: have_renewed(house.devices, since),
    )
    desk = _pairing_desk(house, door)
    start, passes = first_start(house), SetupPass(house.household, say=say, clock=utc_now)
    app = make_app(
        house.assistant,
        address=address,
        area=house.own_area,
        routers=routers(house, signed_in, start=start, passes=passes, desk=desk),
        static=static_files(),
        who=signed_in.visitor,
        is_still_in=signed_in.is_still_in,
        setup=Setup(is_done=lambda: asyncio.to_thread(start.is_done), is_pass=passes.is_right),
        clock=utc_now,
        sessions=sessions,
        page_calls=house.page_seats.seat,
    )
    listener = bind(address)
    device_socket = _device_socket(address, server.device_port)
    channel = review_channel(house, names=names)
    device_listener = _device_listener(house, door, desk=desk)
    services = _wyoming_services(house, say=say)
    say("Loading the models …")
    began = asyncio.get_running_loop().time()
    await asyncio.to_thread(house.assistant.warm)
    gc.collect()
    gc.freeze()  # what is loaded now stays: full collections would stop every turn for tens of milliseconds
    seconds = asyncio.get_running_loop().time() - began
    url = address.page_url(listener.getsockname()[1])
    if start.is_done():
        say(f"Ready in {seconds:.1f} s. Open {url} and talk to it. Nothing is kept unless you say so there. Ctrl+C stops it.")
    else:
        say(f"Ready in {seconds:.1f} s. Open {url} to set your home up, or run `earwitness setup`. Ctrl+C stops it.")
        if not house.household.is_set_up:
            say(f"From another machine, the page asks for this setup code: {house.household.new_code()}")
    if web_door.is_ours:
        say(f"Browsers do not know this home's certificate. Compare its fingerprint: {house.authority.fingerprint}")
        say(f"The same in digits, for comparing aloud with a satellite's: {house.authority.digits}")
    if device_socket is not None:
        say(f"Satellites connect to {address.host}, port {device_socket.getsockname()[1]}.")
    await house.shelf.settle(house.skill_packages)
    house.link.subscribe(house.routine_runner.saw)
    _look_alike(house)
    _spare_at_once(house)
    loop = asyncio.get_running_loop()
    house.switchboard.subscribe(lambda configured, status: house.post.look())
    async with asyncio.TaskGroup() as tasks:
        is_quiet = partial(house.quiet.is_at, area=None, device_id=None)
        listens = TellListens(house.rights, sessions=lambda: sessions, clock=utc_now, is_quiet=is_quiet)
        kept_jobs = (house.alerts, house.upkeep, house.news, house.post, house.message_news)
        own_jobs = (
            *kept_jobs,
            house.review.job(),
            house.settled_demands(),
            house.followed_models(),
            _watch(house, sessions),
            listens,
            submissions,
            web_door,
        )
        jobs = [tasks.create_task(job.run()) for job in (*own_jobs, house.switchboard, house.followed_homes)]
        if (music := house.satellite_music) is not None:
            house.devices.subscribe(lambda device: None if loop.is_closed() else _look_soon(loop, music))
            jobs.append(tasks.create_task(music.run()))
        jobs.append(tasks.create_task(_attend_to_foreign(house).run()))
        if house.calendar_sync is not None:
            jobs.append(tasks.create_task(house.calendar_sync.run()))
        if services is not None:
            jobs.append(tasks.create_task(services()))
        if channel is not None:
            jobs.append(tasks.create_task(channel[0].run(channel[1])))
        if device_socket is not None:
            jobs += [tasks.create_task(device_listener.run(device_socket)), tasks.create_task(door.run())]
        try:
            await http_server(app, address, context=web_door.context).serve(sockets=[listener])
        finally:
            for job in jobs:
                job.cancel()
            await house.shelf.close()


def _watch(house: House, sessions: set[Session]) -> WatchReview:
    """The job that looks after oversight."""
    return WatchReview(house.oversight.look, say=lambda sentence: house.news.tell(sentence), sessions=lambda: sessions)


def _look_soon(loop: asyncio.AbstractEventLoop, music: SatelliteMusic) -> None:
    loop.call_soon_threadsafe(music.look)


def _look_alike(house: House) -> None:
    """Satellites look a second time at their wake words by what is in use, and by nothing that was taken back or retired."""
    loop, in_use, satellites = asyncio.get_running_loop(), house.in_use, house.satellites

    def written() -> str | None:
        second = in_use.sent_second_look
        return None if second is None else verifier_bytes(second).decode("ascii")

    def changed() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(satellites.set_second_look, written())

    in_use.subscribe(changed)
    satellites.set_second_look(written())


def _spare_at_once(house: House) -> None:
    """Where "do not disturb" is switched on, by whomever, a call that rings stops."""
    loop = asyncio.get_running_loop()

    def changed() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(house.satellites.spare)
            loop.call_soon_threadsafe(house.page_seats.spare)

    house.quiet.subscribe(changed)
