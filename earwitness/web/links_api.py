"""The API of links: what leaves this house, and setting up what does. It translates; `links` decides. No secret comes out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path

from earwitness.domain.account import AccountEvent
from earwitness.domain.link import ConfiguredLink, LinkStatus, Outgoing
from earwitness.links.configured import ConfiguredLinks
from earwitness.links.link_forms import fields_of
from earwitness.links.link_kind import LinkKind
from earwitness.people.account_log import AccountLog
from earwitness.web import links_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOutgoing:
    """What leaves by the settings or a skill of others. `where` says where it is changed."""

    title: str
    about: str
    where: str
    outgoing: tuple[Outgoing, ...]


class Board(Protocol):
    """Those of the links that run."""

    def status(self, link_id: str) -> LinkStatus: ...

    def changed(self) -> None:
        """Take what was changed, at once."""
        ...

    async def test(self, link_id: str) -> LinkStatus: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksDesk:
    """Where links are set up. `fixed` gives what leaves otherwise."""

    configured: ConfiguredLinks
    board: Board
    fixed: Callable[[], Sequence[FixedOutgoing]]
    log: AccountLog


def links_router(desk: LinksDesk) -> APIRouter:
    """The routes under /api/v1/links."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    configured, board, log = desk.configured, desk.board, desk.log

    def shape(link: ConfiguredLink) -> shapes.LinkShape:
        kind = configured.kinds.get(link.kind)
        return shapes.LinkShape(
            link_id=link.link_id,
            kind=link.kind,
            title=kind.title if kind else link.kind,
            name=link.name,
            options=dict(link.options),
            secrets_set=dict(link.secrets_set),
            is_on=link.is_on,
            created_at=link.created_at,
            outgoing=_outgoing(configured.outgoing(link)),
            status=shapes.StatusShape(**asdict(board.status(link.link_id))),
        )

    @router.get("/links")
    async def links() -> shapes.LinksShape:
        """Every link, what leaves by the settings, and the kinds that can be added."""
        found = await asyncio.to_thread(configured.all)
        return shapes.LinksShape(
            links=[shape(one) for one in found],
            fixed=[_fixed(one) for one in await asyncio.to_thread(desk.fixed)],
            kinds=[_kind(one) for one in configured.kinds.values()],
        )

    @router.post("/links", status_code=201)
    async def add(given: shapes.NewLink, person: Me, origin: From) -> shapes.LinkShape:
        """Set a link up; it connects at once."""
        made = await asyncio.to_thread(
            lambda: configured.add(given.kind, name=given.name, options=given.options, secrets=given.secrets)
        )
        await asyncio.to_thread(log.note, person.person_id, AccountEvent.LINK_ADDED, origin=origin, detail=made.name)
        board.changed()
        return shape(made)

    @router.patch("/links/{link_id}")
    async def change(link_id: Id, given: shapes.LinkChange, person: Me, origin: From) -> shapes.LinkShape:
        """Change a link; it connects anew at once."""
        values = given.model_dump(exclude_none=True)
        made = await asyncio.to_thread(lambda: configured.change(link_id, **values))
        await asyncio.to_thread(log.note, person.person_id, AccountEvent.LINK_CHANGED, origin=origin, detail=made.name)
        board.changed()
        return shape(made)

    @router.delete("/links/{link_id}", status_code=204)
    async def remove(link_id: Id, person: Me, origin: From) -> None:
        """Take a link away: it ends at once, and the key of its secrets is destroyed."""
        gone = await asyncio.to_thread(configured.remove, link_id)
        await asyncio.to_thread(log.note, person.person_id, AccountEvent.LINK_REMOVED, origin=origin, detail=gone.name)
        board.changed()

    @router.post("/links/{link_id}/test")
    async def test(link_id: Id) -> shapes.LinkShape:
        """Try a link now; says within ten seconds how it stands."""
        await asyncio.to_thread(configured.find, link_id)
        await board.test(link_id)
        return shape(await asyncio.to_thread(configured.find, link_id))

    return router


def _outgoing(found: Sequence[Outgoing]) -> list[shapes.OutgoingShape]:
    return [shapes.OutgoingShape(**asdict(one)) for one in found]


def _fixed(one: FixedOutgoing) -> shapes.FixedShape:
    return shapes.FixedShape(title=one.title, about=one.about, where=one.where, outgoing=_outgoing(one.outgoing))


def _kind(kind: LinkKind[Any]) -> shapes.KindShape:
    return shapes.KindShape(
        name=kind.name,
        title=kind.title,
        about=kind.about,
        role=kind.role,
        options=[shapes.FieldShape(**asdict(one) | {"choices": list(one.choices)}) for one in fields_of(kind.options)],
        secrets=[shapes.SecretFieldShape(**asdict(one)) for one in kind.secrets],
    )
