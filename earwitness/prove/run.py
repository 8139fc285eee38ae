"""Runs the proofs of every guarantee that exists so far, each in a household that is thrown away."""

import time
from collections.abc import Callable, Iterator
from functools import partial

from earwitness.build import House
from earwitness.config import Settings
from earwitness.domain.errors import EarwitnessError
from earwitness.prove import deleting, demands, door, ears, keeping, learning, ledger, review, satellites
from earwitness.prove.evidence import Evidence, NotProvedError

Proof = Callable[[House], tuple[str, ...]]
PROOFS: tuple[tuple[int, str, tuple[Proof, ...]], ...] = (
    (
        1,
        "Nothing leaves the device before the wake word, and never while muted",
        (ears.nothing_before_the_wake_word, satellites.nothing_leaves_a_satellite),
    ),
    (2, "No cue, no capture", (ears.no_cue_no_capture, satellites.no_cue_no_sound_from_a_satellite)),
    (3, "Nothing is kept by default", (keeping.nothing_by_default,)),
    (4, "One door to what is kept", (door.one_door,)),
    (5, "The recorded person sees every listen", (door.every_listen_is_seen,)),
    (6, "Deleted means gone", (deleting.deleted_means_gone,)),
    (7, "A reviewer cannot learn who spoke", (review.nobody_known,)),
    (8, "The sample is as small as promised, provably", (review.small_as_promised,)),
    (9, "Leaks and misuse have consequences", (review.consequences,)),
    (10, "Review helps, measurably, or nothing changes", (learning.helps_or_is_not_used,)),
    (11, "Legal demands are narrowed, contested, disclosed", (demands.demands_are_narrowed,)),
    (12, "The ledger cannot be rewritten unseen", (ledger.no_rewriting,)),
)


def prove(settings: Settings, *, begin: Callable[[str], None]) -> Iterator[Evidence]:
    """Try each guarantee with default settings of what is kept; `begin` is told the title of each as it begins."""
    fresh = settings.model_copy(update={"vault": type(settings.vault)()})
    for number, title, proofs in PROOFS:
        begin(title)
        with House(fresh, is_passing=True) as house:
            tries = [partial(proof, house) for proof in proofs]
            yield _tried(number, title, lambda tries=tries: tuple(fact for one in tries for fact in one()))  # type: ignore[misc]
    begin("This household's own ledger")
    yield _tried(12, "This household's own ledger", lambda: ledger.own_ledger(settings))


def _tried(number: int, title: str, proof: Callable[[], tuple[str, ...]]) -> Evidence:
    began = time.monotonic()
    try:
        facts, is_proved = proof(), True
    except NotProvedError as error:
        facts, is_proved = (str(error),), False
    except (EarwitnessError, TimeoutError) as error:
        facts, is_proved = (f"The trial could not be made: {error or type(error).__name__}",), False
    return Evidence(guarantee=number, title=title, is_proved=is_proved, facts=facts, seconds=time.monotonic() - began)
