"""The API of one's own rights: decide, object, restrict, take everything away, leave. It translates; rights decide."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Response

from earwitness.domain.account import Permission
from earwitness.domain.consent import ConsentText, Keeps, Purpose, parse_period, say_period
from earwitness.domain.errors import PersonError, VaultError
from earwitness.domain.person import Person
from earwitness.people.consent_texts import current_text, text_of
from earwitness.rights.export import Prover, decision_json, export
from earwitness.rights.rights import EVERYTHING, Rights, Standing
from earwitness.vault.vault import Vault
from earwitness.web import privacy_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import AskedBy, Me, SignedIn
from earwitness.web.streaming import PulledResponse


def people_router(
    rights: Rights, *, vault: Vault, prover: Prover, signed_in: SignedIn, clock: Callable[[], datetime]
) -> APIRouter:
    """The routes under /api/v1/me that are about what is kept."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    _add_consents(router, rights)
    _add_rights(router, rights)
    _add_leaving(router, rights, prover=prover, signed_in=signed_in)

    @router.get("/me/export", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
    async def take_away(person: Me) -> Response:
        """Everything that is held about you, sound included, as a zip. Not encrypted: keep it where only you can read it."""
        pieces = export(person, rights=rights, vault=vault, prover=prover, now=clock())
        headers = {"content-disposition": 'attachment; filename="earwitness-export.zip"'}
        return await PulledResponse(pieces, close=pieces.close, media_type="application/zip", headers=headers).begun()

    return router


def _add_consents(router: APIRouter, rights: Rights) -> None:
    @router.get("/consent-texts")
    async def consent_texts() -> list[shapes.ConsentTextShape]:
        """What people are asked, in plain words."""
        return [_text_shape(current_text(purpose)) for purpose in Purpose]

    @router.put("/me/consents/{purpose}")
    async def decide(purpose: Purpose, wish: shapes.Wish, way: AskedBy, person: Me) -> shapes.MeShape:
        """Give or withdraw a consent; it takes effect at once."""
        retention = seconds_of(wish.retention)
        await asyncio.to_thread(
            rights.decide,
            person.person_id,
            purpose,
            is_given=wish.given,
            way=way,
            retention_seconds=retention,
            keeps=Keeps(wish.keeps) if wish.keeps else None,
            lifts_objection=wish.lifts_objection,
        )
        if purpose is Purpose.KEEP and wish.deletes_kept and (not wish.given or retention == 0):
            await asyncio.to_thread(_delete_all, rights, person.person_id)
        return await me_shape(rights, person.person_id)

    @router.get("/me/consents")
    async def decisions(person: Me, response: Response) -> list[shapes.ShownDecisionShape]:
        """Every decision you made, newest first, with the text that was shown."""
        response.headers["content-disposition"] = 'attachment; filename="earwitness-consents.json"'
        found = await asyncio.to_thread(rights.consents.decisions, person.person_id)
        texts = [_text_shape(text_of(one.purpose, one.text_version)) for one in found]
        shown = [decision_json(one) | {"text": text} for one, text in zip(found, texts, strict=True)]
        return [shapes.ShownDecisionShape.model_validate(one) for one in shown]

    @router.post("/me/objections/{purpose}")
    async def object_to(purpose: Purpose, way: AskedBy, person: Me) -> shapes.MeShape:
        """Object to a use: it ends at once, and stands until you lift it."""
        await asyncio.to_thread(rights.object, person.person_id, purpose, way=way)
        return await me_shape(rights, person.person_id)


def _add_rights(router: APIRouter, rights: Rights) -> None:
    @router.get("/me")
    async def standing(person: Me) -> shapes.MeShape:
        """Where you stand: what you decided, what is kept, what is new."""
        return await me_shape(rights, person.person_id)

    @router.put("/me/restriction")
    async def restrict(wish: shapes.Restriction, person: Me) -> shapes.MeShape:
        """Restrict the use of everything that is kept of you, or allow it again: kept, but opened by nobody but you."""
        await asyncio.to_thread(rights.restrict, person.person_id, is_restricted=wish.restricted)
        return await me_shape(rights, person.person_id)

    @router.put("/me/notices")
    async def notices(wish: shapes.Notices, person: Me) -> shapes.MeShape:
        """Whether a listen by somebody else is also said aloud."""
        await asyncio.to_thread(rights.people.change, person.person_id, is_told_aloud=wish.aloud)
        return await me_shape(rights, person.person_id)


def _add_leaving(router: APIRouter, rights: Rights, *, prover: Prover, signed_in: SignedIn) -> None:
    @router.delete("/me")
    async def leave(person: Me, response: Response) -> shapes.LeavingShape:
        """Delete everything that is held about you, and you as a person of this household. The answer holds the receipt: nobody
        can give it to you later."""
        await asyncio.to_thread(rights.people.check_may_leave, person.person_id)
        erasure = await asyncio.to_thread(rights.erase_person, person.person_id)
        signed_in.forget(response)
        receipt = None
        if erasure.position is not None:
            proof = await asyncio.to_thread(prover.proof_json, erasure.position)
            receipt = {"receipt": json.loads(erasure.body), "proof": proof}
        return shapes.LeavingShape.model_validate(erasure.as_json() | {"receipt": receipt})


def _delete_all(rights: Rights, person_id: str) -> None:
    try:
        rights.erase_said(person_id, EVERYTHING)
    except VaultError as error:
        if error.code != "vault.nothing":
            raise


def seconds_of(retention: str | float | None) -> float | None:
    """How long a retention is that somebody wrote, in seconds. Raises PersonError for what is no period."""
    if retention is None or isinstance(retention, float | int):
        return retention
    seconds = parse_period(retention)
    if seconds is None:
        raise PersonError(f'"{retention}" is no period; say "week", "three months" or "10 days".', code="consent.invalid")
    return seconds


async def me_shape(rights: Rights, person_id: str) -> shapes.MeShape:
    """Where a person stands, as JSON."""
    standing: Standing = await asyncio.to_thread(rights.standing, person_id)
    keeping, kept = standing.keeping, standing.kept
    decided = {one.value: standing.decisions.get(one) for one in Purpose}
    return shapes.MeShape(
        person=_person_shape(standing.person),
        consents={
            purpose: None if one is None else shapes.DecisionShape.model_validate(decision_json(one))  # type: ignore[misc]
            for purpose, one in decided.items()
        },
        texts=[_text_shape(current_text(purpose)) for purpose in Purpose],
        keeping=None
        if keeping is None
        else shapes.KeepingShape(
            keeps=keeping.keeps.value, retention_seconds=keeping.retention_seconds, said=say_period(keeping.retention_seconds)
        ),
        kept=shapes.KeptShape(
            recordings=kept.recordings,
            seconds=kept.seconds,
            oldest=kept.oldest.isoformat() if kept.oldest else None,
            next_expiry=kept.next_expiry.isoformat() if kept.next_expiry else None,
        ),
        new_listens=standing.new_listens,
        permissions=sorted(one for one in Permission if standing.person.may(one)),
    )


def _person_shape(person: Person) -> shapes.PersonShape:
    return shapes.PersonShape(
        id=person.person_id,
        name=person.name,
        role=person.role,
        alias=person.alias,
        enrolled_at=person.created_at.isoformat(),
        restricted_at=person.restricted_at.isoformat() if person.restricted_at else None,
        told_aloud=person.is_told_aloud,
    )


def _text_shape(text: ConsentText) -> shapes.ConsentTextShape:
    return shapes.ConsentTextShape.model_validate(asdict(text) | {"purpose": text.purpose.value})
