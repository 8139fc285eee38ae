"""What a request to devices is, in the words of the household's policy: a light, a lock, a way in. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, TypeVar

from earwitness.domain.confirmation import Act
from earwitness.domain.home import Device
from earwitness.domain.way_in import is_way_in
from earwitness.skills.resolve import called
from earwitness.skills.wording import listed

_VERBS: Final[Mapping[Act, str]] = {
    Act.LOCK: "lock",
    Act.UNLOCK: "unlock",
    Act.OPEN_WAY_IN: "open",
    Act.CLOSE_WAY_IN: "close",
}
RISKY: Final = frozenset(_VERBS)
"""What is asked about, whatever the policy says, when a name was understood by its sound alone."""
_MOMENTARY: Final[Mapping[str, str]] = {"scene": "activate", "script": "run", "button": "press", "input_button": "press"}
"""What is done with them; each time anew, as their state says nothing."""


class Asked(Protocol):
    """A step as far as it matters here."""

    @property
    def device(self) -> Device: ...

    @property
    def state(self) -> str | None: ...

    def was_so(self) -> bool: ...


AnAsked = TypeVar("AnAsked", bound=Asked)


def act_of(step: Asked) -> Act:
    """What kind of act one request is."""
    device = step.device
    match device.domain:
        case "lock":
            return Act.UNLOCK if step.state == "unlocked" else Act.LOCK
        case _ if is_way_in(device):
            return Act.CLOSE_WAY_IN if step.state in ("closed", "off") else Act.OPEN_WAY_IN
        case "climate":
            return Act.CLIMATE
        case "media_player":
            return Act.MUSIC
    return Act.LIGHT


def acts_of(steps: Sequence[AnAsked]) -> dict[Act, list[AnAsked]]:
    """The requests by what they are, the riskiest first. What is so already is no act."""
    found: dict[Act, list[AnAsked]] = {}
    for step in steps:
        if not step.was_so() or step.device.domain in _MOMENTARY:
            found.setdefault(act_of(step), []).append(step)
    order = (*_VERBS, Act.CLIMATE, Act.MUSIC, Act.LIGHT)
    return {act: found[act] for act in sorted(found, key=order.index)}


def question_of(asked: Mapping[Act, Sequence[Device]]) -> str:
    """ "Unlock the front door and open the garage?" """
    by_verb: dict[str, list[Device]] = {}
    for act, devices in asked.items():
        for device in devices:
            by_verb.setdefault(_verb(act, device), []).append(device)
    clauses = [f"{verb} {listed([called(one, among=those) for one in those])}" for verb, those in by_verb.items()]
    question = listed(clauses)
    return f"{question[:1].upper()}{question[1:]}?"


def _verb(act: Act, device: Device) -> str:
    if device.domain in ("switch", "input_boolean") and act in (Act.OPEN_WAY_IN, Act.CLOSE_WAY_IN):
        return "turn on" if act is Act.OPEN_WAY_IN else "turn off"
    return _MOMENTARY.get(device.domain) or _VERBS.get(act, "change")
