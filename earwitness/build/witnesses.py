"""Witnesses: those that the settings name, and this machine as one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from earwitness.config import Settings
from earwitness.domain.errors import ProofError, SettingsError
from earwitness.ledger.note import COSIGNATURE, Verifier, parse_verifier
from earwitness.ledger.witness import Witness
from earwitness.server.listen import Address, bind, http_server
from earwitness.server.witnessing import witness_app


def witnesses(settings: Settings) -> dict[str, Verifier]:
    """The verifier keys of the witnesses in the settings, by URL. Raises SettingsError."""
    found: dict[str, Verifier] = {}
    for one in settings.vault.witnesses:
        url, _, key = one.strip().partition(" ")
        try:
            found[url] = parse_verifier(key)
        except ProofError as error:
            raise SettingsError(f"In vault.witnesses, {one}: a URL, a space and a verifier key are needed. {error}") from error
        if found[url].kind != COSIGNATURE:
            raise SettingsError(f"In vault.witnesses, {one}: that is a ledger's key, not a witness's.")
    return found


async def serve_witness(logs: Sequence[Verifier], *, folder: Path, address: Address, say: Callable[[str], None]) -> None:
    """Witness the ledgers of those keys until interrupted. Raises NetworkError, LedgerError."""
    witness = Witness(folder, logs=logs)
    try:
        listener = bind(address)
        url = address.url(listener.getsockname()[1])
        say(f"Witnessing {', '.join(log.name for log in logs)} at {url}. Ctrl+C stops it.")
        say(f"The witness's key: {witness.verifier}")
        await http_server(witness_app(witness), address).serve(sockets=[listener])
    finally:
        witness.close()
