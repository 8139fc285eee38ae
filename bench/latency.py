"""`make bench-latency`: from the true end of speech to the first reply sample, ours and the usual open stack, by command.

Both hear the same sound in the same run, one after the other, in turns; whoever goes first changes with each command.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bench.live import STAGES, Timed, time_ours
from bench.open_stack import Matcher, Servers, running_servers, time_open_stack
from bench.page import ROOT, data_folder, machine, publish, table
from bench.spoken import HUMAN, HUMAN_SPEAKER, Utterance, human_commands, spoken_sentences
from earwitness.build import House
from earwitness.config import Settings, read_settings
from earwitness.domain.intent import Context
from earwitness.improve.metrics import interval, percentile
from earwitness.speech.vad.silero import SileroVad

HOME = ROOT / "bench" / "homes" / "commands.yaml"
AREA = "Living Room"
"""Where the commands are said."""
WORK = ("recognise", "understand", "act", "synthesise")
DETAILS = ROOT / "build" / "latency.json"
STACKS = ("Earwitness", "open stack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One command through both stacks; `theirs` is None when the peers are left out."""

    utterance: Utterance
    ours: Timed
    theirs: Timed | None


def main() -> None:
    """Time all commands and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="take only so many commands, and publish nothing")
    parser.add_argument("--without-peers", action="store_true", help="time our own chain only, and publish nothing")
    chosen = parser.parse_args()
    facts = machine()
    with House(_settings(), home_file=HOME, is_passing=True) as house:
        matcher = Matcher(house.home, area=AREA)
        pairs = asyncio.run(_time_all(house, matcher, limit=chosen.limit, has_peers=not chosen.without_peers))
        text = _report(house, matcher, pairs=pairs, facts=facts)
    DETAILS.parent.mkdir(exist_ok=True)
    DETAILS.write_text(json.dumps([_details(pair) for pair in pairs], indent=1), encoding="utf-8")
    if chosen.limit or chosen.without_peers:
        print(text)
    else:
        publish("latency", text)


def _settings() -> Settings:
    settings = read_settings()
    return settings.model_copy(update={"home": settings.home.model_copy(update={"area": AREA})})


async def _time_all(house: House, matcher: Matcher, *, limit: int | None, has_peers: bool) -> list[Pair]:
    await asyncio.to_thread(house.assistant.warm)
    async with contextlib.AsyncExitStack() as stack:
        bar = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        utterances = _utterances(house, bar, limit=limit)
        servers = None
        if has_peers:
            logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            threads = house.settings.speech.threads
            servers = await stack.enter_async_context(running_servers(_whisper(house), logs=logs, threads=threads))
        task = bar.add_task("Timing", total=len(utterances))
        await _time_pair(house, matcher, servers=servers, utterance=utterances[0], is_ours_first=True)  # warms both up
        pairs = []
        for index, utterance in enumerate(utterances):
            pairs.append(await _time_pair(house, matcher, servers=servers, utterance=utterance, is_ours_first=index % 2 == 0))
            bar.update(task, completed=index + 1)
    return pairs


def _whisper(house: House) -> Path:
    return house.store.path("whisper-base/model.bin").parent


def _utterances(house: House, bar: Progress, *, limit: int | None) -> list[Utterance]:
    names = tuple(voice.name for voice in house.voices.voices() if voice.is_installed)
    task = bar.add_task("Speaking the commands", total=None)
    found = spoken_sentences(
        house.voices, names, limit=limit, on_progress=lambda done, total: bar.update(task, completed=done, total=total)
    )
    bar.remove_task(task)
    return found + human_commands(data_folder())[:limit]


async def _time_pair(
    house: House, matcher: Matcher, *, servers: Servers | None, utterance: Utterance, is_ours_first: bool
) -> Pair:
    async def theirs() -> Timed | None:
        if servers is None:
            return None
        return await time_open_stack(servers, matcher, vad=SileroVad(house.store), utterance=utterance)

    if is_ours_first:
        our_time = await time_ours(house, utterance)
        return Pair(utterance=utterance, ours=our_time, theirs=await theirs())
    their_time = await theirs()
    return Pair(utterance=utterance, ours=await time_ours(house, utterance), theirs=their_time)


# The report


def _report(house: House, matcher: Matcher, *, pairs: list[Pair], facts: str) -> str:
    groups = {
        "all": pairs,
        "voices": [pair for pair in pairs if pair.utterance.speaker != HUMAN_SPEAKER],
        "people": [pair for pair in pairs if pair.utterance.speaker == HUMAN_SPEAKER],
    }
    stacks = STACKS if pairs[0].theirs else STACKS[:1]
    by_stack = {stack: _times(stack, pairs) for stack in stacks}
    rows = [_row(stack, group, matcher=matcher, house=house, pairs=groups[group]) for group in groups for stack in stacks]
    speakers = len({pair.utterance.speaker for pair in pairs})
    people = sum(1 for pair in pairs if pair.utterance.speaker == HUMAN_SPEAKER)
    lines = [
        facts,
        f"{len(pairs)} commands: {len(pairs) - people} said by {speakers - bool(people)} of our voices, {people} by people "
        f"({HUMAN}).",
        "",
        table(
            ["stack", "spoken by", "p50, ms", "95 % interval", "p95, ms", "replies", "cut short", "as when typed"],
            rows,
        ),
        "",
        "Where the time goes, mean milliseconds from the true end of speech to the first reply sample, and shares:",
        "",
        table(["stack", *STAGES, "sum"], [_stages(stack, timed) for stack, timed in by_stack.items()]),
        "",
        "The work of each stage in Earwitness, median milliseconds, also where it was done while waiting:",
        "",
        table(list(WORK), [[_work(by_stack[STACKS[0]], stage) for stage in WORK]]),
    ]
    medians = [percentile(_totals(timed), 0.5) for timed in by_stack.values()]
    if len(medians) == 2 and medians[0] and medians[1]:
        lines += ["", f"Over all commands Earwitness takes {100 * medians[0] / medians[1]:.0f} % of the open stack's median."]
    return "\n".join(lines)


def _totals(timed: Sequence[Timed]) -> list[float]:
    return [one.total_ms for one in timed if one.total_ms is not None]


def _times(stack: str, pairs: Sequence[Pair]) -> list[Timed]:
    return [timed for pair in pairs if (timed := pair.ours if stack == STACKS[0] else pair.theirs) is not None]


def _row(stack: str, group: str, *, matcher: Matcher, house: House, pairs: list[Pair]) -> list[str]:
    timed = _times(stack, pairs)
    totals = _totals(timed)
    found = interval(totals, _median)
    right = sum(
        (one.intent, dict(one.slots)) == _typed(stack, pair.utterance.text, matcher=matcher, house=house)
        for one, pair in zip(timed, pairs, strict=True)
    )
    return [
        stack,
        group,
        _whole(percentile(totals, 0.5)),
        "" if found is None else f"{found[0]:.0f} - {found[1]:.0f}",
        _whole(percentile(totals, 0.95)),
        f"{len(totals)} of {len(timed)}",
        str(sum(one.waits_ms.get("endpoint", 0.0) < 0.0 for one in timed)),
        f"{right} of {len(timed)}",
    ]


def _median(values: Sequence[Any]) -> float | None:
    return percentile(values, 0.5)


def _typed(stack: str, text: str, *, matcher: Matcher, house: House) -> tuple[str | None, dict[str, object]]:
    """What the stack makes of the sentence when it is typed."""
    if stack == STACKS[0]:
        intent = house.understander.understand(text, context=Context(area=AREA)).intent
        return (intent.name, dict(intent.slots)) if intent else (None, {})
    name, slots, _ = matcher.match(text)
    return name, slots


def _stages(stack: str, timed: Sequence[Timed]) -> list[str]:
    answered = [one for one in timed if one.total_ms is not None]
    total = fmean(one.total_ms or 0.0 for one in answered)
    means = [fmean(one.waits_ms[stage] for one in answered) for stage in STAGES]
    return [stack, *(f"{mean:.0f} ({100 * mean / total:.0f} %)" for mean in means), f"{total:.0f}"]


def _work(timed: Sequence[Timed], stage: str) -> str:
    return _whole(percentile([one.work_ms[stage] for one in timed if stage in one.work_ms], 0.5))


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _details(pair: Pair) -> dict[str, object]:
    """One command with all its times, for those who want to look closer."""
    times = {"ours": asdict(pair.ours), "theirs": asdict(pair.theirs) if pair.theirs else None}
    return {"text": pair.utterance.text, "speaker": pair.utterance.speaker, "end_seconds": pair.utterance.end_seconds, **times}


if __name__ == "__main__":
    main()
