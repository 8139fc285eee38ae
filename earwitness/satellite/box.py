"""The box: everything of a satellite that is on one machine, put together from the settings, and the files in its folder.

The only place that constructs a satellite's adapters: a satellite is a process of its own, and has nothing of the server's house.
The folder has `device.key`, `device.pem`, `household.pem` (trust/identity.py), `server`, `mute`, `alarms.json`, `settings.json`,
`phrases/` and `control.sock`. No sound that the microphone hears is ever in it.
"""

import contextlib
import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from earwitness.config import Settings
from earwitness.domain.errors import DeviceError, StorageError
from earwitness.satellite.alarm_sounds import AlarmSounds
from earwitness.satellite.alarms import Alarms
from earwitness.satellite.control import Control
from earwitness.satellite.indicator import Indicator
from earwitness.satellite.microphone import PortAudioMicrophone
from earwitness.satellite.mute import Mute
from earwitness.satellite.phrases import Phrases
from earwitness.satellite.satellite import Parts, Satellite
from earwitness.satellite.server_link import Address, ServerLink
from earwitness.satellite.sound_card import SoundCard
from earwitness.satellite.speaker import PortAudioSpeaker
from earwitness.satellite.spoken_code import CodeVoice
from earwitness.speech.models import ModelStore
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.storage.durable import write_whole
from earwitness.trust.identity import Identity

_NICENESS: Final = -11
"""That of PulseAudio."""
_MUTE: Final = "mute"
_SERVER: Final = "server"


class Box:
    """One machine's satellite in `folder`, which is made for its owner alone. `card` stands in for this machine's sound devices.

    Raises StorageError if the folder cannot be made.
    """

    def __init__(self, settings: Settings, folder: Path, *, store: ModelStore, card: SoundCard | None = None) -> None:
        self._settings = settings
        self._store = store
        self._card = card
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: check its parent folder and owner.") from error

    def identity(self) -> Identity:
        """This device's key, made at first use. Raises TrustError."""
        return Identity(self.folder)

    def mute(self) -> Mute:
        """Mute as it is kept."""
        return Mute(self.folder / _MUTE, switch=self._settings.satellite.mute_switch)

    def address(self, given: str | None) -> Address:
        """Where the server is: as given, else as in the settings, else as before. Raises DeviceError (device.invalid)."""
        text = given or self._settings.satellite.server
        if text is None:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = (self.folder / _SERVER).read_text(encoding="ascii")
        if text is None:
            raise DeviceError("Say where the server is: earwitness satellite --server HOST", code="device.invalid")
        return Address.parse(text)

    def keep_address(self, address: Address) -> None:
        """Go there at the next start too. Raises StorageError."""
        host = f"[{address.host}]" if ":" in address.host else address.host
        write_whole(self.folder / _SERVER, [f"{host}:{address.port}".encode("ascii", "replace")])

    def forget(self) -> None:
        """Leave the household: key, certificate, alarms, phrases and the server's address go; mute stays. Raises StorageError."""
        self.identity().leave()
        try:
            for name in (_SERVER, "alarms.json", "settings.json"):
                (self.folder / name).unlink(missing_ok=True)
            for sound in (*(self.folder / "phrases").glob("*.pcm"), *(self.folder / "alarm_sounds").glob("*.pcm")):
                sound.unlink()
        except OSError as error:
            raise StorageError(f"The files in {self.folder} cannot be removed: check their owner.") from error

    def satellite(
        self,
        address: Address,
        *,
        identity: Identity,
        tell: Callable[[str], None],
        tell_said: Callable[[str], None],
        print_state: Callable[[str], None],
    ) -> Satellite:
        """The satellite, ready to run; on the event loop. Raises SoundError without PortAudio."""
        chosen = self._settings.satellite
        card = self._card or SoundCard(microphone=chosen.microphone, speaker=chosen.speaker)
        return Satellite(
            Parts(
                microphone=PortAudioMicrophone(card),
                speaker=PortAudioSpeaker(card),
                make_detector=self._detector,
                make_link=lambda happen, say: ServerLink(address, identity=identity, tell=happen, say=say),
                mute=self.mute(),
                alarms=Alarms(self.folder / "alarms.json"),
                phrases=Phrases(self.folder / "phrases"),
                alarm_sounds=AlarmSounds(self.folder / "alarm_sounds"),
                indicator=Indicator(print_state=print_state, command=chosen.indicator_command, light=chosen.light_path),
                settings_file=self.folder / "settings.json",
                wake_words=self._settings.wake.words,
                rescan=card.rescan,
                tell=tell,
                household=lambda: identity.household_digits,
                tell_said=tell_said,
                clock=time.monotonic,
                preroll_seconds=self._settings.endpoint.preroll_seconds,
            )
        )

    def code_voice(self, *, tell: Callable[[str], None]) -> CodeVoice:
        """Says the code of a pairing on this machine's speaker."""
        chosen = self._settings.satellite
        return CodeVoice(lambda: PortAudioSpeaker(SoundCard(microphone=chosen.microphone, speaker=chosen.speaker)), tell=tell)

    def control(self, satellite: Satellite) -> Control:
        """The way in for whoever stands at the device."""
        return Control(self.folder, do=satellite.control)

    def _detector(self, words: Sequence[str]) -> MicroWakeWord:
        return MicroWakeWord(tuple(words), self._settings.wake.sensitivity, self._store)


def go_first() -> None:
    """Let this process run before others, as sound servers do, if it may: a reply with gaps is of no use."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


def leave_no_core() -> None:
    """Let no crash write this process's memory, in which sound may be, to the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
