"""`earwitness prove` on real parts: everything holds here, and each proof can fail when what it proves is broken."""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from earwitness.build import House
from earwitness.cli.prove import prove
from earwitness.config import Settings
from earwitness.demands import case
from earwitness.demands.entries import Entries
from earwitness.demands.holdings import Held
from earwitness.domain.consent import Keeping, Keeps
from earwitness.domain.demand import Office
from earwitness.ledger import verify
from earwitness.people.consents import Consents
from earwitness.prove import deleting, demands, door, ears, keeping, ledger, review, satellites
from earwitness.prove.evidence import NotProvedError
from earwitness.prove.traces import forms, hits
from earwitness.review import audit, conduct, porter
from earwitness.review.deidentify import Deidentified
from earwitness.satellite import agent
from earwitness.satellite.agent import Step
from earwitness.satellite.ear import WakeEar
from earwitness.satellite.events import Chime, CueStarted, OpenEar, Send
from earwitness.satellite.hearing import Hearing
from earwitness.satellite.microphone import PortAudioMicrophone
from earwitness.satellite.satellite import Satellite
from earwitness.satellite.state import Cue, State
from earwitness.turn import machine
from earwitness.turn.machine import TurnState
from earwitness.vault.door import Door
from earwitness.vault.erasing import Eraser
from earwitness.vault.listens import Listens

pytestmark = pytest.mark.models
Sabotage = Callable[[pytest.MonkeyPatch], None]


def test_every_guarantee_that_exists_holds() -> None:
    done = CliRunner().invoke(prove, ["--json"], obj=Settings())
    found = json.loads(done.stdout)
    assert [one["guarantee"] for one in found] == [*range(1, 13), 12]
    assert all(one["proved"] for one in found), [one for one in found if not one["proved"]]
    assert all(one["evidence"] for one in found)
    assert done.exit_code == 0


def an_ear_that_leaks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WakeEar, "hear", lambda self, chunk: (None, chunk))


def a_capture_without_a_cue(patch: pytest.MonkeyPatch) -> None:
    begin = machine._listen

    def listen(state: TurnState, context: object) -> object:
        after, commands = begin(state, context)  # type: ignore[arg-type]
        opened, more = machine._open(after)
        return opened, (*commands, *more)

    patch.setattr(machine, "_listen", listen)


def a_satellite_that_sends_what_it_hears(patch: pytest.MonkeyPatch) -> None:
    hear = Hearing._hear
    patch.setattr(Hearing, "_hear", lambda self, sound: (hear(self, sound)[0], sound))
    patch.setattr(State, "sends_sound", True)


def a_satellite_that_only_looks_muted(patch: pytest.MonkeyPatch) -> None:
    def mute(state: State) -> Step:
        return replace(state, is_muted=True), (Send(kind="mute", fields={"on": True}),)

    patch.setattr(agent, "_mute", mute)
    patch.setattr(State, "sends_sound", property(lambda self: self.is_capturing))


def a_satellite_whose_microphone_stays_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PortAudioMicrophone, "close", lambda self: None)


def a_satellite_that_trusts_its_server(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(agent, "_open_capture", lambda state: (replace(state, is_capturing=True, cue=Cue.OUT), (OpenEar(),)))


def a_satellite_that_plays_no_cue(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Satellite, "_play_cue", lambda self, chime, *, is_asked: self.happen(CueStarted(cue=Chime.START)))


def a_house_that_keeps_anyway(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Consents, "keeping", lambda self, person_id: Keeping(keeps=Keeps.TEXT, retention_seconds=3600.0))


def a_door_that_lets_everybody_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Door, "_admit", lambda self, actor, purpose, **what: None)


def a_list_that_hides_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Listens, "count_by_others", lambda self, person_id, *, since: 0)


def a_sweep_that_does_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Eraser, "_remove", lambda self, turn_ids: None)
    patch.setattr(Eraser, "_sweep", lambda self, erasure, tell: 0)


def counsel_who_answers_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(case, "approvers", lambda demand: frozenset({Office.COUNSEL}))


def a_scope_that_reaches_further(patch: pytest.MonkeyPatch) -> None:
    turns = Held.turns
    patch.setattr(Held, "turns", lambda self, scope: turns(self, replace(scope, since=None, until=None)))


def a_gag_that_nobody_opens(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Entries, "open", lambda self, demand_id: 0)


def a_verifier_that_looks_away(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(verify, "_check_tiles", lambda folder, tiles, size: None)


def a_desk_that_is_shown_names(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(porter, "deidentify", lambda text, **known: Deidentified(text=text + " ▇▇▇", hidden=()))


def an_audit_that_looks_away(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audit, "_wrong", lambda what: None)


def conduct_without_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conduct, "broken", lambda log, *, now: None)


@pytest.mark.parametrize(
    ("proof", "sabotage"),
    [
        (ears.nothing_before_the_wake_word, an_ear_that_leaks),
        (ears.no_cue_no_capture, a_capture_without_a_cue),
        (keeping.nothing_by_default, a_house_that_keeps_anyway),
        (door.one_door, a_door_that_lets_everybody_in),
        (door.every_listen_is_seen, a_list_that_hides_others),
        (deleting.deleted_means_gone, a_sweep_that_does_nothing),
        (review.nobody_known, a_desk_that_is_shown_names),
        (review.small_as_promised, an_audit_that_looks_away),
        (review.consequences, conduct_without_rules),
        (demands.demands_are_narrowed, counsel_who_answers_alone),
        (demands.demands_are_narrowed, a_scope_that_reaches_further),
        (demands.demands_are_narrowed, a_gag_that_nobody_opens),
        (ledger.no_rewriting, a_verifier_that_looks_away),
    ],
    ids=lambda part: part.__name__,
)
def test_a_proof_fails_when_what_it_proves_is_broken(
    proof: Callable[[House], tuple[str, ...]], sabotage: Sabotage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    with House(Settings(), is_passing=True) as house, pytest.raises(NotProvedError):
        proof(house)


@pytest.mark.parametrize(
    ("proof", "sabotage", "seen"),
    [
        (
            satellites.nothing_leaves_a_satellite,
            a_satellite_that_sends_what_it_hears,
            "bytes of sound left without the wake word",
        ),
        (satellites.nothing_leaves_a_satellite, a_satellite_that_only_looks_muted, "pieces of sound left while muted"),
        (satellites.nothing_leaves_a_satellite, a_satellite_whose_microphone_stays_open, "microphone was read while muted"),
        (
            satellites.no_cue_no_sound_from_a_satellite,
            a_satellite_that_trusts_its_server,
            "bytes of sound left: the server asked",
        ),
        (satellites.no_cue_no_sound_from_a_satellite, a_satellite_that_plays_no_cue, "no cue was played"),
    ],
    ids=lambda part: getattr(part, "__name__", ""),
)
def test_a_proof_sees_what_a_broken_satellite_lets_out(
    proof: Callable[[House], tuple[str, ...]], sabotage: Sabotage, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)
    with House(Settings(), is_passing=True) as house, pytest.raises(NotProvedError, match=seen):
        proof(house)


def test_traces_are_found_in_every_form(tmp_path: Path) -> None:
    for name, data in {
        "plain": b"xx Purple Xylophone xx",
        "wide": "purple xylophone".encode("utf-16-le"),
        "encoded": b64encode(b"q" + b"purple xylophone" + b"z"),
    }.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "clean").write_bytes(b"purple, and a xylophone")
    assert {found.split(":")[0] for found in hits(tmp_path, texts=["purple xylophone"])} == {"plain", "wide", "encoded"}
    assert len(forms("purple xylophone")) >= 6
