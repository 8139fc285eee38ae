"""What an ESPHome voice device says of itself when it is met: what it can do, what its player takes, which wake words it knows.

It asks and tells through the client that it is given; connecting and turns are esphome_devices.py's.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from aioesphomeapi.client import APIClient
from aioesphomeapi.core import TimeoutAPIError
from aioesphomeapi.model import EntityInfo, MediaPlayerFormatPurpose, MediaPlayerInfo, VoiceAssistantFeature

from earwitness.foreign.sound import RATES_HZ, PlayForm

ASK_SECONDS: Final = 5.0
"""How long one answer about itself is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a device can do: its features (aioesphomeapi's flags), and the form of sound that its player asks for, if it does."""

    features: int
    form: PlayForm | None = None


async def learn(client: APIClient) -> Abilities:
    """Ask a connected device what it can do. Raises APIConnectionError if it does not answer."""
    told = await client.device_info()
    assert client.api_version is not None
    features = int(told.voice_assistant_feature_flags_compat(client.api_version))
    if features & VoiceAssistantFeature.SPEAKER:
        return Abilities(features=features)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            entities, _ = await client.list_entities_services()
    except (TimeoutError, TimeoutAPIError):
        return Abilities(features=features)
    return Abilities(features=features, form=_form(entities))


async def settle_wake_words(client: APIClient, features: int, *, wanted: Sequence[str]) -> str:
    """Let a device listen for the home's wake words, as far as it knows them; a sentence for its owner if it knows none.

    Raises APIConnectionError if it went away."""
    if not features & VoiceAssistantFeature.ANNOUNCE or not wanted:
        return ""  # firmware before announcements has no such setting
    try:
        told = await client.get_voice_assistant_configuration(ASK_SECONDS)
    except (TimeoutError, TimeoutAPIError):
        return ""
    by_phrase = {one.wake_word.casefold(): one.id for one in told.available_wake_words}
    chosen = [by_phrase[word.casefold()] for word in wanted if word.casefold() in by_phrase][: told.max_active_wake_words]
    if not chosen:
        active = [one.wake_word for one in told.available_wake_words if one.id in told.active_wake_words]
        return f"It listens for {' and '.join(active) or 'a wake word of its own'}: it does not know {' or '.join(wanted)}."
    if set(chosen) != set(told.active_wake_words):
        await client.set_voice_assistant_configuration(chosen)
    return ""


def _form(entities: Sequence[EntityInfo]) -> PlayForm | None:
    """The form in which the first player wants announcements; None if none says."""
    offered = chain.from_iterable(one.supported_formats for one in entities if isinstance(one, MediaPlayerInfo))
    wanted = next((one for one in offered if one.purpose is MediaPlayerFormatPurpose.ANNOUNCEMENT), None)
    if wanted is None:
        return None
    rate_hz = wanted.sample_rate if wanted.sample_rate in RATES_HZ else None
    return PlayForm(codec=wanted.format.casefold(), rate_hz=rate_hz, channels=2 if wanted.num_channels == 2 else 1)
