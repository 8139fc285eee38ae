"""`make bench-improve`: whether what people correct makes the house better for people whom it never heard.

The loop is simulated with real recordings and sentences: drawn by lot, judged by annotators who err (improve_annotators.py),
settled, learned from by the adapters as they ship, measured on others. Orders that are heard: improve_orders.py. Requests that
are understood: improve_requests.py. Wake words: improve_wake.py. Figures, also those that miss their goal, go to
docs/benchmarks.md, the curves to docs/pictures/improve-curves.svg.
"""

import argparse
import time
from collections.abc import Mapping, Sequence

from rich.console import Console

from bench import improve_requests
from bench.improve_curves import drawn
from bench.improve_hearing import HeardOnce
from bench.improve_orders import HOME, SIZES, Missed, OrdersTrial
from bench.improve_wake import WakeTrial
from bench.page import ROOT, data_folder, machine, publish, table
from earwitness.build import House
from earwitness.config import read_settings
from earwitness.improve.metrics import Share, interval, rate
from earwitness.improve.statistics import Gain, Pair, paired_gain

PICTURE = ROOT / "docs" / "pictures" / "improve-curves.svg"
HEAD = ["what", "judged", "errors", "of", "errors, %", "gain, points (95 %)", "fewer errors, %"]


def main() -> None:
    """Run the trials and publish the tables and the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("orders", "requests", "wake"), help="print one part, publish nothing")
    only = parser.parse_args().only
    console, intro, data, began = Console(stderr=True), machine(), data_folder(), time.monotonic()

    def told(text: str) -> None:
        console.print(text, highlight=False)

    parts, curves = [], dict[str, list[tuple[int, float]]]()
    with House(read_settings(), home_file=HOME, is_passing=True) as house:
        if only in (None, "orders"):
            trial = OrdersTrial(data, house)
            arms = trial.run(told)
            parts.append(_orders(arms, voices=len({one.speaker for one in trial.orders})))
            curves["slot phrases not heard"] = [(size, _rate(arms["home" if not size else f"together {size}"])) for size in SIZES]
        if only in (None, "requests"):
            wrong = improve_requests.run(data, told)
            parts.append(_requests(wrong))
            asked = wrong[improve_requests.SOURCE]
            curves["requests misunderstood"] = [(size, sum(found) / len(found)) for size, found in asked.items()]
        if only in (None, "wake"):
            parts.append(WakeTrial(data, house, HeardOnce(house)).run())
    minutes = (time.monotonic() - began) / 60
    text = "\n\n".join([intro, *parts, f"The trials took {minutes:.0f} minutes, with what recognisers hear kept from before."])
    if only is not None:
        print(text)
        return
    publish("improve", text)
    about = "; ".join(f"{name}: {_told(points)}" for name, points in curves.items())
    PICTURE.write_text(drawn(curves, title="Errors by what was learned from", about=about), encoding="utf-8")


def _orders(arms: Mapping[str, Sequence[Missed]], *, voices: int) -> str:
    home = arms["home"]
    rows = []
    for name, missed in arms.items():
        gain = paired_gain(
            [Pair(cluster=one.speaker, before=one.share, after=other.share) for one, other in zip(home, missed, strict=True)]
        )
        judged = name.rsplit(" ", 1)[-1] if name not in ("home", "base model") else "0"
        rows.append(_row(name, judged, [one.share for one in missed], gain=gain, is_base=name in ("home", "base model")))
    intro = (
        f"Coffee orders of people whom nothing was learned from: slot phrases that were not heard. {len(home)} orders by about "
        f"{voices} voices, told apart by their sound; three parts in turn measured by what the others taught; intervals by voice."
    )
    return f"{intro}\n\n{table(HEAD, rows)}"


def _requests(wrong: Mapping[str, Mapping[int, Sequence[bool]]]) -> str:
    rows = []
    for source, by_size in wrong.items():
        first = by_size[0]
        for size, found in by_size.items():
            pairs = [
                Pair(cluster=str(at), before=Share(part=before, whole=1), after=Share(part=after, whole=1))
                for at, (before, after) in enumerate(zip(first, found, strict=True))
            ]
            shares = [Share(part=one, whole=1) for one in found]
            rows.append(_row(source, str(size), shares, gain=paired_gain(pairs), is_base=size == 0))
    intro = (
        "Requests whose intent was not understood, by a model that was trained without SLURP and then taught by judged requests "
        "of it; measured on the third of SLURP that never teaches, and on CLINC150's validation part to see what was forgotten. "
        "Nobody is named in either; intervals by request."
    )
    return f"{intro}\n\n{table(HEAD, rows)}"


def _row(name: str, judged: str, shares: Sequence[Share], *, gain: Gain | None, is_base: bool) -> list[str]:
    wrong, whole = sum(one.part for one in shares), sum(one.whole for one in shares)
    told = [name, judged, f"{wrong:.0f}", f"{whole:.0f}", f"{100 * wrong / whole:.1f}"]
    if is_base or gain is None or gain.low is None or gain.high is None:
        between = interval(list(shares), rate)
        return [*told, "" if between is None else f"(errors {100 * between[0]:.1f} to {100 * between[1]:.1f})", ""]
    points = f"{100 * gain.gain:.1f} ({100 * gain.low:.1f} to {100 * gain.high:.1f})"
    return [*told, points, f"{100 * gain.gain / gain.before:.0f}"]


def _told(points: Sequence[tuple[int, float]]) -> str:
    return ", ".join(f"{100 * share:.1f} % after {count}" for count, share in points)


def _rate(missed: Sequence[Missed]) -> float:
    return rate([one.share for one in missed]) or 0.0


if __name__ == "__main__":
    main()
