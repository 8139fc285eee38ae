"""What the parts of a time expression come to, at one `now` in one zone: a value, what is to be asked back, what is over.

Where the same words mean several hours or days, those on the wanted side of now are the candidates. One left is the answer;
several are asked for, likeliest first.
"""

from dataclasses import replace
from typing import Final

from earwitness.domain.times import Ambiguous, Frame, Moment, Passed, Reading, Toward
from earwitness.understand.times.expression import Parts
from earwitness.understand.times.instants import plus
from earwitness.understand.times.questions import question_for
from earwitness.understand.times.recurring import recurrences
from earwitness.understand.times.series import DayPick, nth_of_months
from earwitness.understand.times.settle import Aim, Options, simple
from earwitness.understand.times.spans import between, opened, stretches

MOST_CANDIDATES: Final = 4


def resolve(parts: Parts, *, frame: Frame) -> Reading | None:
    """The reading of parts that belong together; None when they come to nothing."""
    aim = Aim(frame=frame, now=frame.now.astimezone(frame.zone))
    options = _options(parts, aim)
    wanted = tuple(dict.fromkeys(options.wanted))[:MOST_CANDIDATES]
    if len(wanted) == 1:
        return wanted[0]
    if wanted:
        return Ambiguous(candidates=wanted, question=question_for(wanted, parts=parts, frame=frame))
    return Passed(value=options.unwanted[0]) if options.unwanted else None


def _options(parts: Parts, aim: Aim) -> Options:
    names = parts.names()
    if parts.patterns:
        found = tuple(recurrences(parts, aim=aim))
        once = parts.patterns[0].once
        if once is not None and parts.names() <= {"patterns", "clock", "part"}:
            day = DayPick(series=(nth_of_months(aim.today, weekday=once[0], count=once[1]),))
            return Options((*found, *simple(replace(parts, patterns=(), day=day), aim=aim).wanted))
        return Options(found)
    if parts.also:
        return Options()
    if parts.span is not None:
        return between(parts, aim=aim)
    if parts.offset is not None:
        return _from_now(parts, aim)
    if parts.period is not None:
        return stretches(parts.period, aim=aim) if names == {"period"} else Options()
    if names == {"length"} and parts.length is not None:
        return Options(parts.length.options)
    if names & {"until", "since", "length"}:
        return opened(parts, aim=aim)
    return simple(parts, aim=aim)


def _from_now(parts: Parts, aim: Aim) -> Options:
    """So long from now, or ago."""
    if parts.offset is None or parts.names() != {"offset"}:
        return Options()
    length, sign = parts.offset
    moments = tuple(Moment(at=at) for each in length.options if (at := plus(aim.now, each, sign=sign)) is not None)
    wanted = {Toward.FUTURE: 1, Toward.PAST: -1, Toward.AS_READ: sign}[aim.frame.toward]
    return Options(moments) if sign == wanted else Options((), moments)
