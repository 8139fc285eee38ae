"""All adapters of this version, in the order in which what they learned is put into the chain."""

from earwitness.improve.adapters.confusions import ConfusionsAdapter
from earwitness.improve.adapters.endpoint import EndpointAdapter
from earwitness.improve.adapters.intents import IntentsAdapter
from earwitness.improve.adapters.language import LanguageAdapter
from earwitness.improve.adapters.wake import WakeAdapter
from earwitness.improve.adapting import Adapter, Spot


def every_adapter(spot: Spot, *, is_guessing: bool = True) -> tuple[Adapter, ...]:
    """Each learns alone, and all that were promoted run together. A house that leaves guesses out is taught none."""
    guessing = (IntentsAdapter(),) if is_guessing else ()
    return (LanguageAdapter(), ConfusionsAdapter(), *guessing, WakeAdapter(spot), EndpointAdapter())
