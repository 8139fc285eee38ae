"""The API of phones that are away, for those who may let them in. It translates; `remote` decides."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path

from earwitness.config import RemoteSettings
from earwitness.domain.errors import RemoteError
from earwitness.people.remotes import RemotePhone
from earwitness.remote.profile import qr_svg
from earwitness.remote.remote import PhoneStatus, Remote
from earwitness.web import remote_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


def remote_router(remote: Remote, *, settings: RemoteSettings, page_port: int) -> APIRouter:
    """The routes under /api/v1/remotes. `page_port` is the TCP port of the page."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    was_set_up = remote.is_set_up

    async def shown() -> shapes.RemotesShape:
        found = await asyncio.to_thread(_statuses, remote)
        return shapes.RemotesShape(
            is_up=remote.tunnel.is_up,
            interface=settings.interface,
            endpoint=settings.endpoint,
            port=settings.port,
            remotes=[_shape(one) for one in found],
        )

    @router.get("/remotes")
    async def remotes() -> shapes.RemotesShape:
        """The phones that have a profile, and whether the tunnel is up."""
        return await shown()

    @router.post("/remotes", status_code=201)
    async def add(given: shapes.NewRemote, person: Me, origin: From) -> shapes.HandoutShape:
        """Make a profile for a phone. Its private key is in this answer and is kept nowhere."""
        handed = await asyncio.to_thread(remote.add, given.name, endpoint=given.endpoint, by=person, origin=origin)
        return shapes.HandoutShape(
            remote=_shape(PhoneStatus(phone=handed.phone, peer=None)),
            profile=handed.profile,
            qr_svg=qr_svg(handed.profile),
            page=f"https://{remote.network.server[0]}:{page_port}",
            restart_needed=not was_set_up,
        )

    @router.delete("/remotes/{remote_id}", status_code=204)
    async def revoke(remote_id: Id, person: Me, origin: From) -> None:
        """Never let a phone in again; it is cut off at once if the tunnel is up and the server may change it."""
        await asyncio.to_thread(remote.revoke, remote_id, by=person, origin=origin)

    @router.put("/remotes/tunnel")
    async def tunnel(wish: shapes.TunnelWish) -> shapes.RemotesShape:
        """Bring the tunnel up, or up to date, or take it away. Only a server that runs as the superuser can."""
        await asyncio.to_thread(remote.up if wish.up else remote.down)
        return await shown()

    return router


def _statuses(remote: Remote) -> tuple[PhoneStatus, ...]:
    """A server that may not look into the tunnel lists the phones all the same."""
    try:
        return remote.status()
    except RemoteError:
        return tuple(PhoneStatus(phone=phone, peer=None) for phone in remote.phones())


def _shape(one: PhoneStatus) -> shapes.RemoteShape:
    phone: RemotePhone = one.phone
    return shapes.RemoteShape(
        remote_id=phone.remote_id,
        name=phone.name,
        address=phone.address,
        public_key=phone.public_key,
        created_at=phone.created_at,
        seen_at=one.peer.shook_hands_at if one.peer else None,
    )
