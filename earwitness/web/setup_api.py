"""The API of the first start: the owner, the home and its rooms, wake word and voice, and what is kept and who may listen.

The gate has seen to it that this is asked from this machine, or with a pass for the setup code, and only until it is done.
"""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from earwitness.domain.account import AccountRole, Origin, SignInWay
from earwitness.domain.errors import AccessError, PersonError, VoiceError
from earwitness.domain.person import Person
from earwitness.domain.visitor import IS_HERE
from earwitness.people.household import Household, HouseholdChoices
from earwitness.people.people import People
from earwitness.web import account_shapes as shapes
from earwitness.web.account_api import verdict
from earwitness.web.api import wav
from earwitness.web.errors_told import told
from earwitness.web.household_api import SIMULATED, Settle, voices_shape
from earwitness.web.ports import Assistant
from earwitness.web.setup_pass import SetupPass
from earwitness.web.setup_talk import TYPED, questions
from earwitness.web.setup_texts import PROMISE, PROMISE_VERSION, SAMPLE, spoken_promise
from earwitness.web.signed_in import From, Page, PageAddress, SignedIn

MOST_STARTED: Final = 64
Voice = Annotated[str, Query(min_length=1, max_length=64)]
SOUND: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"audio/wav": {}}}}


class FirstStart:
    """What the first start works with. `settle` lets the running house take what was chosen."""

    def __init__(
        self,
        people: People,
        household: Household,
        *,
        wake_words: Sequence[str],
        settle: Settle,
    ) -> None:
        self.people = people
        self.household = household
        self.wake_words = tuple(wake_words)
        self._settle = settle
        self._lock = asyncio.Lock()
        self._started: dict[str, Person] = {}

    def is_done(self) -> bool:
        """Whether there is an owner, so that nobody else can become one here. Blocks."""
        return any(one.role is AccountRole.OWNER for one in self.people.all())

    def begin_passkey(self, name: str, *, page: PageAddress) -> shapes.CeremonyShape:
        """Begin to make the passkey of an owner who is not there yet. Blocks. Raises PersonError."""
        to_be = self.people.to_be(name)
        begun = self.people.accounts.passkeys.begin_adding(to_be, host=page.host)
        while len(self._started) >= MOST_STARTED:
            del self._started[next(iter(self._started))]
        self._started[begun.ceremony_id] = to_be
        return shapes.CeremonyShape(ceremony=begun.ceremony_id, options=begun.options)

    async def set_up(self, given: shapes.Setup, *, page: PageAddress, voices: Sequence[str], origin: Origin) -> Person:
        """Make the owner and note what was chosen. Raises PersonError, AccessError."""
        async with self._lock:
            person, choices = await asyncio.to_thread(self._set_up, given, page, voices=voices, origin=origin)
        await self._settle(choices)
        return person

    def _set_up(
        self, given: shapes.Setup, page: PageAddress, *, voices: Sequence[str], origin: Origin
    ) -> tuple[Person, HouseholdChoices]:
        if self.is_done():
            raise AccessError("This home is set up already; sign in.", code="setup.done")
        person = self._owner(given, page, origin=origin)
        try:
            return person, self._note(given, voices=voices, is_acknowledged=self.household.is_set_up)
        except PersonError:
            self.people.remove(person.person_id)
            raise

    def _owner(self, given: shapes.Setup, page: PageAddress, *, origin: Origin) -> Person:
        if (given.passphrase is None) == (given.passkey is None):
            raise PersonError("Choose a passphrase or a passkey.", code="person.invalid")
        if given.passphrase is not None:
            return self.people.add(
                given.name, passphrase=given.passphrase, role=AccountRole.OWNER, known=(given.home,), origin=origin
            )
        assert given.passkey is not None
        to_be = self._started.pop(given.passkey.ceremony, None)
        if to_be is None:
            raise AccessError("That took too long, or was used already; try again.", code="access.wrong")
        nobody_knows = secrets.token_urlsafe(48)
        person = self.people.add(
            given.name, passphrase=nobody_knows, role=AccountRole.OWNER, person_id=to_be.person_id, origin=origin
        )
        try:
            self.people.accounts.add_passkey(
                person,
                given.passkey.ceremony,
                answer=given.passkey.credential,
                host=page.host,
                page=page.origin,
                name="First passkey",
                origin=origin,
            )
        except (AccessError, PersonError):
            self.people.remove(person.person_id)
            raise
        return person

    def _note(self, given: shapes.Setup, *, voices: Sequence[str], is_acknowledged: bool) -> HouseholdChoices:
        if is_acknowledged:
            return self.household.change(
                name=given.home,
                rooms=given.areas,
                wake_words=given.wake_words,
                voice=given.voice,
                wake_words_known=self.wake_words,
                voices_known=voices,
            )
        return self.household.set_up(
            name=given.home,
            rooms=given.areas,
            wake_words=given.wake_words,
            voice=given.voice,
            acknowledged_version=PROMISE_VERSION,
            wake_words_known=self.wake_words,
            voices_known=voices,
        )


def setup_router(start: FirstStart, *, assistant: Assistant, passes: SetupPass, signed_in: SignedIn) -> APIRouter:
    """The routes under /api/v1/setup."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_state(router, start, passes)
    _add_sound(router, assistant)

    @router.get("/setup/choices")
    async def choices() -> shapes.SetupChoicesShape:
        """What there is to choose from, with what is chosen unless one says otherwise; and what one acknowledges."""
        home = assistant.board().home
        with_devices = {device.area for device in home.devices}
        rooms = [shapes.ChoiceOfRoomShape(name=one.name, has_devices=one.name in with_devices) for one in home.areas]
        return shapes.SetupChoicesShape(
            home=home.name.removesuffix(SIMULATED),
            areas=rooms,
            wake_words=list(start.wake_words),
            wake_word=start.wake_words[0],
            voices=voices_shape(assistant),
            voice=assistant.default_voice(),
            promise=[shapes.PromiseShape(title=title, text=text) for title, text in PROMISE],
            questions=dict(
                questions(
                    home=home.name.removesuffix(SIMULATED), rooms=[room.name for room in rooms], wake_words=start.wake_words
                )
            ),
            typed=TYPED,
        )

    @router.post("/setup/passphrase")
    async def judge(given: shapes.JudgedPassphrase) -> shapes.VerdictShape:
        """Whether a passphrase would do. Nothing is changed or kept."""
        return await asyncio.to_thread(verdict, given.passphrase, known=(given.name,))

    @router.post("/setup/passkey")
    async def begin_passkey(given: shapes.OwnersName, page: Page) -> shapes.CeremonyShape:
        """Begin to make the owner's passkey: options for `navigator.credentials.create`, good for five minutes."""
        return await asyncio.to_thread(start.begin_passkey, given.name, page=page)

    @router.post("/setup", status_code=201)
    async def set_up(given: shapes.Setup, page: Page, response: Response, origin: From) -> shapes.EnteredShape:
        """Make the owner, note what was chosen and acknowledged, and sign the owner in."""
        installed = [voice.name for voice in assistant.voices() if voice.is_installed]
        person = await start.set_up(given, page=page, voices=installed, origin=origin)
        way = SignInWay.SETUP
        found = await asyncio.to_thread(start.people.accounts.let_in, person, way=way, origin=origin)
        signed_in.remember(response, found.token)
        return shapes.EnteredShape(name=person.name, role=person.role)

    return router


def _add_state(router: APIRouter, start: FirstStart, passes: SetupPass) -> None:
    @router.get("/setup")
    async def state(request: Request) -> shapes.SetupStateShape:
        """Whether the home is set up, and whether this machine would have to show the setup code."""
        is_done = await asyncio.to_thread(start.is_done)
        is_here = bool(request.scope.get(IS_HERE))
        return shapes.SetupStateShape(done=is_done, code_needed=not is_done and not is_here)

    @router.post("/setup/code")
    async def use_code(given: shapes.SetupCode, origin: From) -> shapes.SetupPassShape:
        """A pass for whoever has the code that the terminal printed; send it as `X-Earwitness-Setup-Pass`. A code works once."""
        if await asyncio.to_thread(start.is_done):
            raise AccessError("This home is set up already; sign in.", code="setup.done")
        secret = await asyncio.to_thread(passes.give, given.code, address=origin.address)
        return shapes.SetupPassShape(setup_pass=secret)


def _add_sound(router: APIRouter, assistant: Assistant) -> None:
    async def spoken(text: str, voice: str) -> Response:
        if voice not in {one.name for one in assistant.voices() if one.is_installed}:
            raise VoiceError("There is no such voice here.")
        pieces = await asyncio.to_thread(lambda: list(assistant.say(text, voice=voice)))
        return Response(wav(pieces), media_type="audio/wav")

    @router.get("/setup/sample", response_class=Response, responses=SOUND)
    async def sample(voice: Voice) -> Response:
        """How a voice sounds, as a WAV file."""
        return await spoken(SAMPLE, voice)

    @router.get("/setup/promise", response_class=Response, responses=SOUND)
    async def promise(voice: Voice, part: Annotated[int, Query(ge=0, lt=len(PROMISE))] = 0) -> Response:
        """A part of what is kept and who may listen, read aloud by a voice, as a WAV file."""
        return await spoken(spoken_promise(part), voice)
