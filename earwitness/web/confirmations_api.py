"""The API of what is confirmed before it is done. It translates; domain/confirmation.py decides."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from earwitness.domain.account import AccountEvent
from earwitness.domain.confirmation import DEFAULTS, Act, Confirmation, ConfirmationPolicy, Speaker, Subject, least
from earwitness.domain.home import Device
from earwitness.domain.person import Person
from earwitness.domain.way_in import is_way_in
from earwitness.people.account_log import AccountLog
from earwitness.people.confirmations import Confirmations
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Me

RISKY_DOMAINS = frozenset(("lock", "cover", "valve", "alarm_control_panel", "siren"))
"""Kinds of devices that are listed with a rule of their own, chosen or not."""
_ONLY_TELL = frozenset(("sensor", "binary_sensor", "person"))
"""Kinds of devices with which nothing can be done."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class RuleShape(_Shape):
    """What happens before an act of one kind of speaker."""

    act: Act
    speaker: Speaker
    confirmation: Confirmation
    default: Confirmation
    is_fixed: bool
    """Whether less than asking cannot be chosen."""


class DeviceRuleShape(_Shape):
    """A device that can have a rule of its own; null where it has none."""

    device_id: str
    name: str
    area: str | None
    confirmation: Confirmation | None


class OwnRuleShape(_Shape):
    """A rule for one person, or for an act with one device; null stands for every device, every act, everybody."""

    device_id: str | None
    device: str | None
    """The device's name; null also for one that is not there now."""
    act: Act | None
    speaker: Speaker | None
    person_id: str | None
    confirmation: Confirmation


class NamedShape(_Shape):
    """Somebody or something that a rule can be about."""

    id: str
    name: str


class ConfirmationsShape(_Shape):
    rules: list[RuleShape]
    devices: list[DeviceRuleShape]
    own: list[OwnRuleShape]
    """Rules that are more specific than those of the two lists before, the most specific first."""
    people: list[NamedShape]
    things: list[NamedShape]
    """Devices that something can be done with, each with its room."""


class ConfirmationChoice(_Shape):
    """For an act, a device, or an act with a device; of a kind of speaker, a person, or (with a device) everybody. A null
    confirmation takes the choice back."""

    act: Act | None = None
    speaker: Speaker | None = None
    person_id: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    device_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    confirmation: Confirmation | None

    @model_validator(mode="after")
    def _is_about_one(self) -> "ConfirmationChoice":
        if self.person_id is not None and self.speaker is not None:
            raise ValueError("A rule is about a person or a kind of speaker, not both.")
        return self


def _ranks(subject: Subject) -> tuple[bool, int, bool]:
    return subject.device_id is not None, subject.closeness, subject.act is not None


def _own(policy: ConfirmationPolicy, devices: Sequence[Device]) -> list[OwnRuleShape]:
    """Rules that neither the table of acts nor the list of devices shows."""
    names = {one.device_id: one.name for one in devices}
    for_kinds = {Subject(device_id=key, speaker=who): one for (key, who), one in policy.devices.items() if who is not None}
    every = {**policy.rules, **for_kinds}
    return [
        OwnRuleShape(
            device_id=subject.device_id,
            device=names.get(subject.device_id or ""),
            act=subject.act,
            speaker=subject.speaker,
            person_id=subject.person_id,
            confirmation=every[subject],
        )
        for subject in sorted(every, key=_ranks, reverse=True)
    ]


def _shape(policy: ConfirmationPolicy, devices: Sequence[Device], people: Sequence[Person]) -> ConfirmationsShape:
    return ConfirmationsShape(
        rules=[
            RuleShape(
                act=act,
                speaker=speaker,
                confirmation=policy.decide(act, speaker),
                default=default,
                is_fixed=least(act) is not None,
            )
            for (act, speaker), default in DEFAULTS.items()
        ],
        devices=[
            DeviceRuleShape(
                device_id=one.device_id,
                name=one.name,
                area=one.area,
                confirmation=policy.devices.get((one.device_id, None)),
            )
            for one in devices
            if one.domain in RISKY_DOMAINS or is_way_in(one) or (one.device_id, None) in policy.devices
        ],
        own=_own(policy, devices),
        people=[NamedShape(id=one.person_id, name=one.name) for one in people],
        things=[
            NamedShape(id=one.device_id, name=f"{one.name}, {one.area}" if one.area else one.name)
            for one in devices
            if one.domain not in _ONLY_TELL
        ],
    )


def confirmations_router(
    confirmations: Confirmations,
    *,
    devices: Callable[[], Sequence[Device]],
    people: Callable[[], Sequence[Person]],
    log: AccountLog,
) -> APIRouter:
    """The routes under /api/v1/confirmations. `devices` are those of the home, `people` those who have an account."""
    router = APIRouter(prefix="/api/v1", responses=told())

    def chosen(given: ConfirmationChoice) -> ConfirmationPolicy:
        subject = Subject(device_id=given.device_id, act=given.act, speaker=given.speaker, person_id=given.person_id)
        return confirmations.choose_rule(subject, given.confirmation)

    @router.get("/confirmations")
    async def all_rules() -> ConfirmationsShape:
        """What happens before each act, by who asks, and the rules of single devices and people."""
        return _shape(await asyncio.to_thread(confirmations.policy), devices(), await asyncio.to_thread(people))

    @router.put("/confirmations")
    async def choose(given: ConfirmationChoice, person: Me, origin: From) -> ConfirmationsShape:
        """Choose what happens before an act, with a device, of a kind of speaker or one person. It counts at once."""
        policy = await asyncio.to_thread(chosen, given)
        detail = given.act.value if given.act else "device"
        what = AccountEvent.CONFIRMATIONS_CHANGED
        await asyncio.to_thread(log.note, person.person_id, what, origin=origin, detail=detail)
        return _shape(policy, devices(), await asyncio.to_thread(people))

    return router
