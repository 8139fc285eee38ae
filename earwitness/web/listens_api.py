"""The API of who listened, of proofs and receipts, and the ledger's public face. It translates; rights and ledger answer."""

import asyncio
import json
from typing import Annotated, Protocol

from fastapi import APIRouter, Path, Query, Response

from earwitness.domain.errors import VaultError
from earwitness.rights.export import Prover
from earwitness.rights.rights import Rights
from earwitness.web import privacy_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class PublicLedger(Protocol):
    """The ledger as anybody may see it."""

    verifier: str

    def tile(self, path: str) -> bytes:
        """A resource of C2SP tlog-tiles. Raises ProofError if there is none."""
        ...


def listens_router(rights: Rights, *, prover: Prover) -> APIRouter:
    """The routes under /api/v1/listens and /api/v1/receipts."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_listens(router, rights, prover)
    _add_receipts(router, rights, prover)
    return router


def ledger_router(ledger: PublicLedger) -> APIRouter:
    """The ledger's checkpoint and tiles under /ledger, for verifiers of any make; and its public key."""
    router = APIRouter(prefix="/ledger", responses=told(404))

    @router.get("/key", response_class=Response)
    async def key() -> Response:
        """The verifier key; keep it, to check proofs without this server."""
        return Response(ledger.verifier + "\n", media_type="text/plain")

    @router.get("/{path:path}", response_class=Response)
    async def resource(path: Annotated[str, Path(max_length=200)]) -> Response:
        """A checkpoint or tile (C2SP tlog-tiles)."""
        data = await asyncio.to_thread(ledger.tile, path)
        return Response(data, media_type="text/plain" if path == "checkpoint" else "application/octet-stream")

    return router


def _add_listens(router: APIRouter, rights: Rights, prover: Prover) -> None:
    @router.get("/listens")
    async def listens(
        person: Me,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        turn: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None,
        others: Annotated[bool, Query(description="Only reads by others than you.")] = True,
    ) -> shapes.ListensShape:
        """Who opened your recordings, newest first: when, as whom, why, how long, with what result."""
        found = await asyncio.to_thread(rights.reads, person.person_id, limit=limit, turn_id=turn, only_others=others)
        return shapes.ListensShape.model_validate({"listens": [read.as_json() for read in found]})

    @router.post("/listens/seen", status_code=204)
    async def seen(person: Me) -> None:
        """What others opened until now is no news any more."""
        await asyncio.to_thread(rights.see_listens, person.person_id)

    @router.get("/listens/{read_id}/proof")
    async def proof(read_id: Id, person: Me, response: Response) -> shapes.ProofShape:
        """The proof that this read is in the ledger; `earwitness verify proof` checks it, without this server."""
        read = await asyncio.to_thread(rights.read, person.person_id, read_id)
        found = await asyncio.to_thread(prover.proof_json, read.opened_position)
        response.headers["content-disposition"] = f'attachment; filename="listen-{read_id[:8]}.json"'
        return shapes.ProofShape.model_validate(found)


def _add_receipts(router: APIRouter, rights: Rights, prover: Prover) -> None:
    @router.get("/receipts")
    async def receipts(person: Me) -> shapes.ErasuresShape:
        """What was deleted of yours, by you or because its time was over, newest first."""
        found = await asyncio.to_thread(rights.receipts, person.person_id)
        return shapes.ErasuresShape.model_validate({"receipts": [one.as_json() for one in found]})

    @router.get("/receipts/{erasure_id}")
    async def receipt(erasure_id: Id, person: Me, response: Response) -> shapes.ReceiptShape:
        """A receipt with its proof; `earwitness verify receipt` checks it, without this server."""
        erasure = await asyncio.to_thread(rights.receipt, person.person_id, erasure_id)
        if erasure.position is None:
            raise VaultError("The ledger has not taken this receipt yet; ask again in a minute.", code="vault.no_receipt")
        proved = await asyncio.to_thread(prover.proof_json, erasure.position)
        response.headers["content-disposition"] = f'attachment; filename="receipt-{erasure_id[:8]}.json"'
        return shapes.ReceiptShape.model_validate({"receipt": json.loads(erasure.body), "proof": proved})
