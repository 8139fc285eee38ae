"""All adapters of this version, in the order in which what they learned is put into the chain."""

from earwitness.improve.adapters.confusions import ConfusionsAdapter
from earwitness.improve.adapters.endpoint import EndpointAdapter
from earwitness.improve.adapters.intents import IntentsAdapter
from earwitness.improve.adapters.language import LanguageAdapter
from earwitness.improve.adapters.wake import WakeAdapter
from earwitness.improve.adapting import Adapter, Spot


def every_adapter(spot: Spot) -> tuple[Adapter, ...]:
    """The adapters: each learns alone, and all that were promoted run together."""
    return (LanguageAdapter(), ConfusionsAdapter(), IntentsAdapter(), WakeAdapter(spot), EndpointAdapter())
