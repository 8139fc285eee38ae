"""Learning put together: what it learns from, where that is kept, and what learns."""

from collections.abc import Callable

from earwitness.build.kept import KeptHouse, utc_now
from earwitness.improve.adapters.shelf import every_adapter
from earwitness.improve.adapting import Chain, Spot
from earwitness.improve.data_sets import DataSets
from earwitness.improve.improver import Improver
from earwitness.improve.models import Models


def improver_of(house: KeptHouse, *, base: Callable[[], Chain], spot: Spot) -> Improver:
    """The loop of one house; `base` gives its chain without anything learned, `spot` finds its wake words in recordings."""
    sets = DataSets(
        house.database,
        door=house.vault.door,
        consents=house.consents,
        ledger=house.ledger,
        people=house.people.all,
        clock=utc_now,
    )
    models = Models(house.database, safe=house.vault.safe, clock=utc_now)
    adapters = every_adapter(spot, is_guessing=house.settings.understanding.learned)
    return Improver(sets, models, ledger=house.ledger, base=base, adapters=adapters, spot=spot)
