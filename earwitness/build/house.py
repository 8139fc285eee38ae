"""The top floor of a house: what understands, answers, rings and speaks, over `linked.py` and `kept.py`."""

import asyncio
import contextlib
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import cast

from earwitness.build.hearing import HomeSentences, SaidHere
from earwitness.build.improved import improver_of
from earwitness.build.kept import utc_now
from earwitness.build.likely_names import Names, expected_names
from earwitness.build.linked import LinkedHouse
from earwitness.domain.alert import AlertKind
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Keeps
from earwitness.domain.contact import Channel, same_address
from earwitness.domain.device import Device, DeviceKind
from earwitness.domain.errors import EarwitnessError, PersonError, SettingsError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.link import LinkRole
from earwitness.domain.message import Message
from earwitness.domain.music import Music
from earwitness.domain.person import Person
from earwitness.domain.recording import Spoken
from earwitness.domain.routine import OnPhrase
from earwitness.domain.satellite import Station
from earwitness.domain.skill import SkillManifest
from earwitness.domain.turn import Turn
from earwitness.foreign.attendance import Attendance, Registry
from earwitness.foreign.everywhere import EverySatellite
from earwitness.foreign.reach import read_place
from earwitness.foreign.wyoming_recogniser import DEFAULT_PORT, WyomingRecogniser
from earwitness.improve.adapting import Chain
from earwitness.improve.improver import Improver
from earwitness.improve.models import RUNNING
from earwitness.improve.running import AdaptedRecogniser, AdaptedUnderstander, InUse
from earwitness.improve.signals import LiveSignals
from earwitness.jobs.announce_messages import AnnounceMessages
from earwitness.jobs.carry_messages import CarryMessages
from earwitness.jobs.fire_alerts import FireAlerts, Ringing
from earwitness.jobs.follow_homes import FollowHomes
from earwitness.jobs.follow_models import FollowModels
from earwitness.jobs.tell_news import TellNews
from earwitness.links.every_player import SATELLITES, EveryPlayer
from earwitness.links.joined_home import RealHome
from earwitness.links.skill_memory import SkillMemory
from earwitness.links.waiting_news import WaitingNews
from earwitness.people.household import HouseholdChoices
from earwitness.review.deidentify import house_words
from earwitness.rights.rights import Rights
from earwitness.satellite.cues import cue
from earwitness.satellite.ear import WakeEar
from earwitness.server.calls import Exchange
from earwitness.server.device_listener import station_of
from earwitness.server.page_seats import PageSeats
from earwitness.server.satellite_music import SatelliteMusic
from earwitness.server.satellites import Satellites
from earwitness.server.telephones import Line, Telephones
from earwitness.skills.board import HomeBoard
from earwitness.skills.in_other_language import InOtherLanguage
from earwitness.skills.inside import Inside, random_id
from earwitness.skills.interface import Parts
from earwitness.skills.outside.packages import SkillPackage
from earwitness.skills.own_requests import OwnRequestSkill
from earwitness.skills.registry import SkillSet, own_skills
from earwitness.skills.rephrasing_port import Rephrasing
from earwitness.skills.routine_drafting import RoutineDrafts
from earwitness.skills.routine_form import RoutineForm
from earwitness.skills.routine_running import RoutineRunner
from earwitness.skills.routine_words import names_of
from earwitness.speech.audio_file import read_audio
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.vad.gate import SpeechGate
from earwitness.speech.vad.silero import SileroVad
from earwitness.speech.wake.verifier import VerifiedWakeWord, spotted
from earwitness.turn.assistant import Assistant, Makers
from earwitness.turn.endpoint import EndpointLimits
from earwitness.turn.ports import Recogniser, Skills
from earwitness.turn.runner import Engines, Manner
from earwitness.understand.dialog import Understander
from earwitness.understand.grammar import Grammar
from earwitness.understand.last_resort import LastResort
from earwitness.understand.learned.model_file import own_model
from earwitness.understand.learned.understander import LearnedUnderstander
from earwitness.understand.living import LivingGrammar
from earwitness.understand.other_language import OtherLanguage
from earwitness.understand.sentences import english, exact_intents, own_manifests
from earwitness.understand.understanders import Understanders, certain

PATIENCE_SECONDS = 15.0
"""Satellites come back within ten seconds after a start; until then nothing is rung late that they may have rung."""
RECOGNISERS = ("cascade", "whisper", "moonshine", "wyoming")


def _rings_alone(device: Device) -> bool:
    """Whether a device rings on its own while the server is away: ours do."""
    return device.kind is DeviceKind.SATELLITE


class _TurnKeeper:
    """Keeps turns off the event loop."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    async def keep(self, spoken: Spoken, sound: Pcm | None) -> Keeps | None:
        return await asyncio.to_thread(self._rights.keep, spoken, sound)


class House(LinkedHouse):
    """Everything, each part made when it is first asked for. Close it (or use it as a context) to stop its threads.

    `home_file` overrides the settings', `state` the usual folder of what is kept; a passing house forgets everything when it is
    closed.
    """

    async def furnish(self, chosen: HouseholdChoices) -> None:
        """Take what the owner has just chosen: from the next conversation on."""
        self._chosen = chosen
        self.link.describe(self.described(self._plain_home, chosen))
        self.clock.zone = self._zone(chosen)
        if "assistant" in self.__dict__:
            self.assistant.choose_voice(self.voice)
        self.__dict__.pop("home", None)
        await asyncio.to_thread(self.understander.relearn)
        self.satellites.resettle()

    def move_satellites(self, room: str, called: str) -> None:
        """Note the new name of a room for the satellites that stand in it. Raises DeviceError, StorageError."""
        for device in self.devices.all(with_revoked=False):
            if device.area is not None and device.area.casefold() == room.casefold():
                self.devices.move(device.device_id, called)
        self.quiet.move(room, called=called)

    @cached_property
    def followed_homes(self) -> FollowHomes:
        """Has what is linked be the home, and has its names learned."""
        return FollowHomes(
            self.link,
            linked=self.linked_homes,
            players=self.linked_players,
            expected=self.expected_homes,
            relearn=lambda: self.understander.relearn(),
            know=lambda devices: self.routine_runner.know(devices),
        )

    @cached_property
    def news(self) -> TellNews:
        """Says what nobody asked for."""
        return TellNews(
            lambda sentence: self.assistant.tell(
                sentence, spares=lambda context: self.quiet.is_at(area=context.area, device_id=context.device_id)
            ),
            in_force=self.quiet.in_force,
            kept=WaitingNews(self.state / "waiting_news.json", safe=lambda: self.vault.safe),
        )

    @cached_property
    def message_news(self) -> TellNews:
        """Says that messages came in; it is told their ids."""
        announces = AnnounceMessages(
            self.message_box,
            tell=lambda sentence, spares: self.assistant.tell(sentence, spares=spares),
            names=lambda: {one.person_id: one.name for one in self.people.all()},
            is_quiet=lambda context: self.quiet.is_at(area=context.area, device_id=context.device_id),
        )
        return TellNews(announces.say, in_force=self.quiet.in_force)

    @cached_property
    def post(self) -> CarryMessages:
        """Carries messages; nothing goes out before it runs."""
        self._announcing = set[asyncio.Task[None]]()

        async def announce(message: Message) -> None:
            task = asyncio.create_task(self.message_news.tell(message.message_id))
            self._announcing.add(task)
            task.add_done_callback(self._announcing.discard)

        return CarryMessages(
            self.message_box,
            serving=lambda: self.switchboard.serving(LinkRole.MESSAGES),
            switched_on=lambda: {one.link_id for one in self.switchboard.configured.all() if one.is_on},
            people=self.people.all,
            contacts=self.contacts.of,
            announce=announce,
            new_id=random_id,
            clock=self.clock,
        )

    def own_words(self) -> frozenset[str]:
        home = self.link.snapshot()
        areas = (name for one in home.areas for name in (one.name, *one.aliases))
        devices = (name for one in home.devices for name in (one.name, *one.aliases))
        return house_words((*areas, *devices))

    @cached_property
    def understander(self) -> LivingGrammar:
        grammar = LivingGrammar(self._grammar, layered=self._layered, last=self._last_resort)
        known = [self.lists.names()]

        def learn_lists() -> None:
            names = self.lists.names()
            if names != known[0]:
                known[0] = names
                grammar.relearn()

        self._closing.callback(self.lists.subscribe(learn_lists))  # in the thread that wrote, before that is said to be done
        return grammar

    def _layered(self, grammar: Grammar) -> Understander:
        """The grammar, and what was learned unless the settings leave it out."""
        if not self.settings.understanding.learned:
            return grammar
        learned = LearnedUnderstander(own_model(), home=grammar.home, intents=english(), exact=exact_intents(own_manifests()))
        return Understanders(grammar, learned=learned)

    def _last_resort(self, known: Understander) -> Understander:
        """All that understands here, and a language model if the settings let it in."""
        model = self.language_model
        if model is None or not model.understands:
            return known
        return LastResort(known, asked=f"the language model at {model.host}")

    def _grammar(self) -> Grammar | OtherLanguage:
        """What is understood now."""
        said = self._said_here()
        if self.settings.language != "en":
            return OtherLanguage(said.home, language=self.settings.language)
        if "home_sentences" in self.__dict__:
            self.home_sentences.relearn(said)
        return Grammar(said.home, others=said.others, phrases=said.phrases, called=said.called)

    def _said_here(self) -> SaidHere:
        routines = self.routines.all()
        home = self.link.described()
        return SaidHere(
            home=replace(home, lists=self.lists.names(home.lists)),
            others=self._others(),
            phrases={one.trigger.phrase: one.routine_id for one in routines if isinstance(one.trigger, OnPhrase)},
            called=[name for one in routines for name in names_of(one)],
        )

    @cached_property
    def home_sentences(self) -> HomeSentences:
        """What can be said here, for the recogniser."""
        return HomeSentences(self.understander, self._said_here(), likely=self._likely_names)

    def _likely_names(self, person_id: str | None) -> Names:
        """The names that are expected of somebody's voice. Blocks."""
        return expected_names(
            person_id, contacts=self.contacts.of, music=self._music_names, alerts=lambda: self.household_alerts.all()
        )

    def _music_names(self) -> list[Music]:
        players = EveryPlayer(self.music_players, own=self.satellite_music)
        return [one for each in players.players() for one in players.names(each.device_id)]

    def recogniser(self, name: str) -> Recogniser:
        """The recogniser of that name. Raises SettingsError for a name that is none, ModelError without its model."""
        match name:
            case "cascade":
                return CascadeRecogniser(self.moonshine, self.whisper, self.home_sentences)
            case "whisper":
                return self.whisper
            case "moonshine":
                return self.moonshine
            case "wyoming":
                place = read_place(self.settings.speech.wyoming, default_port=DEFAULT_PORT)
                return WyomingRecogniser(place, trust=self.trust, has_speech=SpeechGate(self.store).has_speech)
            case _:
                raise SettingsError(f"There is no recogniser {name}; choose one of {', '.join(RECOGNISERS)}.")

    async def heard(self, data: bytes, *, hints: Sequence[str] = ()) -> str:
        """The words of an audio file that answers a question of the first start. It is no turn: nothing is done, nothing kept.

        Names are what is answered, so a cascade's careful half listens alone. Raises AudioError, EngineError.
        """
        name = self.settings.speech.recogniser
        recogniser = self.whisper if name == "cascade" else self.recogniser(name)
        longest = self.settings.endpoint.longest_seconds
        pcm = await asyncio.to_thread(lambda: read_audio(io.BytesIO(data), longest_seconds=longest))
        return (await self.workers.recognise.run(recogniser.transcribe, pcm, hints=hints)).text

    @cached_property
    def satellites(self) -> Satellites:
        """Those that are connected."""
        return Satellites(
            exchange=self.exchange,
            wake_words=lambda: self.wake_words,
            voice=lambda: self.assistant.default_voice(),
            others=lambda: self.foreign.listening(),
            on_rung=lambda reports: self.alerts.reported(reports),
            is_quiet=lambda station: self.quiet.is_at(area=station.area, device_id=station.device_id),
            sound_of=self.ring_sounds.pcm,
            music=self.satellite_music,
            speed=self.settings.speech.speed,
        )

    @cached_property
    def satellite_music(self) -> SatelliteMusic | None:
        """The satellites as players of music; None without a folder in the settings."""
        folder = self.settings.music.folder or self.settings.ringing.music_folder
        if folder is None:
            return None

        def paired() -> list[Station]:
            ours = (one for one in self.devices.all(with_revoked=False) if one.kind is DeviceKind.SATELLITE)
            return [station_of(one) for one in ours]

        return SatelliteMusic(folder, paired=paired, say=lambda device_id, text: self.satellites.say_at(device_id, text))

    def linked_players(self) -> dict[str, RealHome]:
        """The links to music that run, by their ids, and the satellites."""
        own = {SATELLITES: cast(RealHome, self.satellite_music)} if self.satellite_music is not None else {}
        return {**super().linked_players(), **own}

    @cached_property
    def exchange(self) -> Exchange:
        """Connects calls between satellites, pages and telephones outside."""
        return Exchange()

    @cached_property
    def page_seats(self) -> PageSeats:
        """The pages that calls can reach."""
        return PageSeats(self.exchange, is_quiet=lambda: self.quiet.is_at(area=None, device_id=None))

    @cached_property
    def telephones(self) -> Telephones:
        """Calls with outside."""
        return Telephones(
            self.exchange,
            rings=self._rings,
            clock=self.clock,
            name_of=self._caller,
            tell=lambda sentence: self.news.tell(sentence),
        )

    def _rings(self, line: Line) -> list[str]:
        """Where a call by a line rings: in the rooms that its options name, else everywhere, and on pages."""
        serving = self.switchboard.serving(LinkRole.CALLS)
        named = next((one.configured.options.get("rooms") for one in serving if one.configured.link_id == line.link_id), None)
        rooms = {str(room).casefold() for room in named} if isinstance(named, list | tuple) else set()
        free = self.satellites.free_ends()
        here = [one.device_id for one in free if not rooms or (one.area is not None and one.area.casefold() in rooms)]
        return [*here, *self.page_seats.free_ends()]

    async def _caller(self, address: str) -> str:
        """Whose number it is, among the household's own contacts: those of one person are not said in front of all."""
        contacts = await asyncio.to_thread(self.contacts.of, None)
        found = (
            one.name
            for one in contacts
            if any(same_address(each.value, address) for each in one.reached_by(Channel.PHONE, Channel.SIP))
        )
        return next(found, "")

    @cached_property
    def every_satellite(self) -> EverySatellite:
        """Ours and those of other makes."""
        return EverySatellite(self.satellites, self.foreign)

    @property
    def _rephrasing(self) -> Rephrasing | None:
        """Who is asked what is meant by what nothing here understands; None unless the settings say so."""
        model = self.language_model
        if model is None or not model.understands:
            return None
        examples = [text for skill in own_manifests() if not skill.is_exact for text in skill.examples]

        async def ask(request: str) -> str | None:
            home = self.link.snapshot()
            lists = await asyncio.to_thread(self.lists.names, home.lists)
            names = [*(one.name for one in home.areas), *(one.name for one in home.devices), *lists]
            return await model.rephrase(request, examples=examples, names=list(dict.fromkeys(names)))

        return Rephrasing(
            host=model.host,
            ask=ask,
            read=lambda text, context: self.understander.alone(text, context=context),
            is_exact=lambda text: self.understander.is_exact(text),
            perform=lambda intent, context: self.skills.perform(intent, context=context),
        )

    @cached_property
    def skills(self) -> SkillSet:
        inside = Inside(
            alerts=self.timers.alerts,
            timers=self.timers,
            lists=self.lists,
            quiet=self.quiet,
            sounds=self.ring_sounds,
            calendar=self.calendar,
            music=EveryPlayer(self.music_players, own=self.satellite_music),
            rights=self.rights,
            satellites=self.every_satellite,
            telephones=self.telephones,
            post=self.post,
            routine_runner=lambda: self.routine_runner,
            relearn=lambda: self.understander.relearn(),
            customs=self.household,
            people=self.people.all,
            voices=self.voices.voices,
            manifests=lambda: self.manifests,
            dictionary=self.dictionary,
            encyclopedia=self.encyclopedia,
            language_model=self.language_model,
            rephrasing=self._rephrasing,
            weather=self.weather,
            rates_file=self.settings.knowledge.rates_file,
            links=self.switchboard,
            contacts=self.contacts,
            policy=self.confirmations.policy,
        )
        parts = Parts(home=self.link, clock=self.clock, inside=inside)
        own = own_skills(own_manifests(), parts, memory_of=lambda name: SkillMemory(self.database, skill=name))
        skills = [*own, *self.shelf.skills(self.skill_packages, home=self.link, clock=self.clock)]
        if (made_up := self._plain_home.own) is not None:
            skills.append((made_up.manifest, OwnRequestSkill(made_up, runner=lambda: self.routine_runner, clock=self.clock)))
        return SkillSet(skills)

    @cached_property
    def routine_runner(self) -> RoutineRunner:
        """Runs the routines of the home; what its devices report can start one."""
        runner = RoutineRunner(
            self.routines,
            understand=lambda text, context: certain(self.understander.alone(text, context=context)),
            skills=lambda: self.skills,
            person=self._person,
            note=lambda sentence: self.news.tell(sentence),
        )
        runner.know(self.link.snapshot().devices)
        return runner

    @cached_property
    def routine_form(self) -> RoutineForm:
        """Makes and changes routines from a form."""
        drafts = RoutineDrafts(self.routines, runner=lambda: self.routine_runner, home=self.link, clock=self.clock)
        relearn = self.understander.relearn
        return RoutineForm(self.routines, drafts=drafts, people=self.people.all, new_id=random_id, relearn=relearn)

    @cached_property
    def skill_packages(self) -> list[SkillPackage]:
        """Those of them that may run."""
        return self.shelf.enabled()

    def _others(self) -> list[SkillManifest]:
        """What says of itself what is understood beside the house's own skills: those of others, and the home file."""
        made_up = self._plain_home.own
        return [*(package.manifest for package in self.skill_packages), *([made_up.manifest] if made_up is not None else [])]

    @property
    def manifests(self) -> tuple[SkillManifest, ...]:
        """What every skill of this house says of itself."""
        return (*own_manifests(), *self._others())

    async def take_skills(self) -> None:
        """Take what was enabled or disabled: from the next conversation on."""
        for part in ("skill_packages", "skills", "engines"):
            self.__dict__.pop(part, None)
        await asyncio.to_thread(self.understander.relearn)
        await asyncio.to_thread(lambda: self.engines)
        await self.shelf.settle(self.skill_packages)

    def _spoken_skills(self) -> Skills:
        """The skills, with replies in the language of the settings."""
        language = self.settings.language
        if language == "en":
            return self.skills
        return InOtherLanguage(self.skills, language=language, home=self.link.snapshot, clock=self.clock)

    @cached_property
    def engines(self) -> Engines:
        speech = self.settings.speech
        return Engines(
            recogniser=AdaptedRecogniser(self.in_use, name=speech.recogniser),
            glimpse=self.moonshine if speech.shows_partials else None,
            understander=AdaptedUnderstander(self.in_use),
            skills=self._spoken_skills(),
            synthesiser=self.voices,
            workers=self.workers,
            noted=self.live_signals.note,
            limits=lambda context: self.in_use.chain(context).endpoint,
        )

    @cached_property
    def plain_chain(self) -> Chain:
        """From sound to intent, without anything learned from judgements."""
        return Chain(
            recogniser=self.recogniser(self.settings.speech.recogniser),
            understander=self.understander,
            endpoint=self._limits(),
        )

    def ear(self) -> WakeEar:
        """The ear of one hands-free stream, with the second look that was learned, if one was."""
        verified = VerifiedWakeWord(self.wake_detector(self.wake_words), self.in_use.is_wake)
        return WakeEar(verified, before_seconds=self.settings.endpoint.preroll_seconds)

    @cached_property
    def improver(self) -> Improver:
        """What learns from judgements."""
        return improver_of(
            self, base=lambda: self.plain_chain, spot=lambda pcm: spotted(self.wake_detector(self.wake_words), pcm)
        )

    @cached_property
    def in_use(self) -> InUse:
        """The chain as it runs, with what was promoted."""
        made = InUse(self.plain_chain, improver=lambda: self.improver, clock=utc_now)
        if self.improver.models.in_state(*RUNNING):
            with contextlib.suppress(EarwitnessError):  # the job tries again
                self.improver.retire()  # also after a restore, before anything of it is heard
        made.refresh()
        return made

    @cached_property
    def live_signals(self) -> LiveSignals:
        """What people do after turns, counted while something is on trial."""
        return LiveSignals(self.database, trial=self.in_use.trial, clock=utc_now)

    def followed_models(self) -> FollowModels:
        """The job that retires, takes back and takes what was learned."""
        return FollowModels(lambda: self.improver, flush=self.live_signals.flush, refresh=self.in_use.refresh)

    def meant(self, text: str) -> Intent | None:
        """What words mean in this home by themselves, if that is certain. Blocks."""
        return certain(self.understander.alone(text, context=Context())).intent

    def _limits(self) -> EndpointLimits:
        return EndpointLimits(**self.settings.endpoint.model_dump(exclude={"preroll_seconds"}))

    @cached_property
    def foreign(self) -> Attendance:
        """The satellites that are not ours; nothing happens before it runs."""
        registry = Registry(
            devices=self.devices.attended,
            note_muted=lambda device_id: self.devices.note_mute(device_id, is_muted=True),
            note=lambda what, device_id: self.device_log.note(what, device_id=device_id),
        )
        return Attendance(
            self.assistant,
            registry=registry,
            trust=self.trust,
            cue=cue,
            sound_of=self.ring_sounds.pcm,
            arbiter=self.satellites,
            wake_words=lambda: self.wake_words,
            is_quiet=lambda station: self.quiet.is_at(area=station.area, device_id=station.device_id),
        )

    @cached_property
    def alerts(self) -> FireAlerts:
        return FireAlerts(
            alerts=self.household_alerts,
            clock=self.clock,
            ring=self._ring,
            hush=lambda ring_id: self.assistant.end_alert(ring_id),
            tell=lambda text: self.assistant.tell(text),
            foretell=self.satellites.set_alarms,
            patience=lambda: PATIENCE_SECONDS if any(map(_rings_alone, self.devices.all(with_revoked=False))) else 0.0,
        )

    def _person(self, person_id: str) -> Person | None:
        try:
            return self.people.find(person_id)
        except PersonError:
            return None

    def _ring(self, one: Ringing) -> None:
        """A routine at its time runs; everything else rings."""
        if one.kind is AlertKind.ROUTINE:
            self.routine_runner.begin(one.alert_id)
        else:
            self.assistant.ring(one.ring_id, one.text, area=one.area, device_id=one.device_id, manner=one.manner)

    @cached_property
    def assistant(self) -> Assistant:
        speech, limits = self.settings.speech, self._limits()
        return Assistant(
            makers=Makers(engines=lambda: self.engines, vad=lambda: SileroVad(self.store), ear=self.ear, cue=cue),
            voices=self.voices,
            house=HomeBoard(self.link, timers=self.timers, lists=self.lists, clock=self.clock),
            acknowledge=lambda alert_id: self.alerts.acknowledge(alert_id),
            manner=Manner(limits=limits, voice=self.voice, speed=speech.speed, whispers_back=speech.whispers_back),
            area=self.own_area,
            keeper=_TurnKeeper(self.rights),
        )

    async def ask(
        self, request: Pcm | str, *, voice: str | None = None, is_silent: bool = True, person_id: str | None = None
    ) -> tuple[Turn, Sequence[Pcm]]:
        """One turn on a recording or a sentence, by the person of that id if one is given."""
        return await self.assistant.ask(request, voice=voice, is_silent=is_silent, person_id=person_id)
