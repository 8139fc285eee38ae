"""Requests that a home file makes: how they are said, what is answered, and what is done then."""

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.domain.skill import SkillManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRequest:
    """What one request comes to.

    `reply` has words of the request in braces ("One {drink}"); what stands in brackets is said only if all its words were.
    `steps` are requests that are done one after the other, as those of a routine.
    """

    reply: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRequests:
    """All requests of a home file, by the name of their intent, with the sentences in `manifest`."""

    manifest: SkillManifest
    requests: Mapping[str, OwnRequest]
