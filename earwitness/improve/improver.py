"""The loop: register what will be measured, learn, measure, promote, take back, retire. Each step is on the disk before the next.

Nothing is learned before the ledger says what will count as a gain, nothing is used that is not one, and nothing stays that
learned from what its person took away. What a kill broke off goes on where it was. Calls block.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

import rfc8785

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import EarwitnessError, ImproveError
from earwitness.improve.adapting import Adapter, Chain, Example, Metric, Progress, Spot
from earwitness.improve.data_set import Side
from earwitness.improve.data_sets import DataSet, DataSets, taught
from earwitness.improve.measuring import ALONE, Arm, Measures, measure, measured_of, report
from earwitness.improve.models import RUNNING, UNFINISHED, Model, Models, State
from earwitness.improve.verdict import Plan, must_go_back
from earwitness.telemetry import log

MINIMUM_GAIN: Final = 0.01
MOST_SLOWER_MS: Final = 100.0
FEWEST_INTENTS: Final = 5
"""With fewer judged intents, words are what is promoted by."""
TRIAL_SHARE: Final = 0.2
MOST_MEASURED: Final = 300
"""Of more examples so many are measured, by the digests of their ids: recognition takes a second each."""
SOUNDS_KEPT: Final = 256
_logger: Final = logging.getLogger(__name__)


class Ledger(Protocol):
    """Where every step is committed."""

    def append(self, entries: Sequence[Mapping[str, object]]) -> tuple[int, ...]: ...


def _silent(done: int, total: int) -> None:
    pass


class Improver:
    """`base` gives the chain without anything learned, made when it is first asked for. Without `spot` no wake is measured."""

    def __init__(
        self,
        sets: DataSets,
        models: Models,
        *,
        ledger: Ledger,
        base: Callable[[], Chain],
        adapters: Sequence[Adapter],
        spot: Spot = lambda pcm: None,
    ) -> None:
        self.sets = sets
        self.models = models
        self._ledger = ledger
        self._base = base
        self._spot = spot
        self._adapters = {adapter.name: adapter for adapter in adapters}

    # Registering

    def register(self, set_id: str | None = None, *, only: Collection[str] = ()) -> Model:
        """Begin a model: what is measured and what counts as a gain is in the ledger when this returns. One that was begun on
        the same set with the same adapters and is not finished is taken up.

        Raises ImproveError (improve.changed if something of the set is gone), LedgerError.
        """
        chosen = self.sets.find(set_id) if set_id else next(iter(self.sets.all()), None)
        if chosen is None:
            raise ImproveError("There is no data set yet; make one first.", code="improve.not_due")
        adapters = self._chosen(only)
        unfinished = [one for one in self.models.in_state(*UNFINISHED) if one.set_id == chosen.set_id]
        found = next((one for one in unfinished if one.plan.adapters == adapters), None)
        if found is None:
            before = self.models.in_use()
            plan = self._plan(chosen, adapters)
            found = self.models.begin(plan, before_id=None if before is None else before.model_id)
        if found.registered_position is None:
            entry = self._entry("improve.registered", found, **found.plan.as_json())
            (position,) = self._ledger.append([entry])
            found = self.models.change(found, registered_position=position)
        return found

    def _chosen(self, only: Collection[str]) -> tuple[str, ...]:
        unknown = sorted(set(only) - self._adapters.keys())
        if unknown:
            raise ImproveError(f"There is no adapter {unknown[0]}; there are {', '.join(self._adapters)}.")
        chosen = tuple(name for name in self._adapters if not only or name in only)
        if not chosen:
            raise ImproveError("This version has nothing that learns from judgements.", code="improve.not_due")
        return chosen

    def _plan(self, chosen: DataSet, adapters: tuple[str, ...]) -> Plan:
        metrics = {metric for name in adapters for metric in self._adapters[name].metrics} - {Metric.LATENCY}
        intents = sum(one.intent is not None for one in self.sets.examples(chosen, Side.MEASURES))
        understands = metrics & {Metric.COMMAND_ERRORS, Metric.INTENT_ERRORS, Metric.SLOT_ERRORS, Metric.WORD_ERRORS}
        primary = Metric.FALSE_ACCEPTS
        if understands:
            primary = Metric.COMMAND_ERRORS if intents >= FEWEST_INTENTS else Metric.WORD_ERRORS
        return Plan(
            set_id=chosen.set_id,
            adapters=adapters,
            metrics=tuple(metric for metric in Metric if metric in metrics | {primary}),
            primary=primary,
            minimum_gain=MINIMUM_GAIN,
            most_slower_ms=MOST_SLOWER_MS,
            seed=int(chosen.set_id[:8], 16),
        )

    # Learning and measuring

    def learn(self, model: Model, progress: Callable[[str, int, int], None] = lambda name, done, total: None) -> Model:
        """Have every adapter learn that has not yet, each kept before the next begins. Raises ImproveError, StorageError."""
        if model.state is not State.REGISTERED or model.registered_position is None:
            raise ImproveError("This model is not one to learn now.", code="improve.not_due")
        done = self.models.done(model)
        left = [name for name in model.plan.adapters if name not in done]
        if left:
            examples = self.sets.examples(self.sets.find(model.set_id), Side.TEACHES)
            sound, base = self._sounds(), self._base()
            for name in left:
                tell: Progress = lambda at, total, name=name: progress(name, at, total)  # type: ignore[misc]  # noqa: E731
                learned = self._adapters[name].learn(examples, base=base, sound=sound, progress=tell, seed=model.plan.seed)
                self.models.keep(model, name, learned)
                log(_logger, "adapter learned", stage=name, outcome="nothing" if learned is None else "learned")
        digests = {name: one.sha256 for name, one in self.models.done(model).items() if one.sha256 is not None}
        if not digests:
            why = "There is too little to learn from."
            self._ledger.append([self._entry("improve.learned", model, adapters={})])
            return self.models.change(model, state=State.REFUSED, reason=why)
        self._ledger.append([self._entry("improve.learned", model, adapters=digests)])
        return self.models.change(model, state=State.LEARNED)

    def measure(self, model: Model, progress: Progress = _silent) -> Model:
        """Measure a model on what it did not learn from, item by item, and say whether it is the gain that was registered."""
        if model.state is not State.LEARNED:
            raise ImproveError("This model is not one to measure now.", code="improve.not_due")
        made = self.sets.find(model.set_id)
        examples = _sampled(self.sets.examples(made, Side.MEASURES))
        done = self.models.measured(model).get(Arm.AFTER, {})
        chains, sound = self._arms(model), self._sounds()
        for at, example in enumerate(examples):
            progress(at, len(examples))
            if example.recording_id not in done:
                found = measure(example, chains, sound=sound, spot=self._spot)
                self.models.note(model, example.recording_id, {arm: one.as_json() for arm, one in found.items()})
        progress(len(examples), len(examples))
        stored = self.models.measured(model)
        arms = {arm: {turn_id: measured_of(one) for turn_id, one in items.items()} for arm, items in stored.items()}
        found_report = report(model.plan, Measures(examples=examples, arms=arms, split=made.manifest.split))
        self._ledger.append([self._measured_entry(model, found_report)])
        state = State.MEASURED if found_report["may_be_used"] else State.REFUSED
        reason = "" if found_report["may_be_used"] else found_report["reasons"][0]
        return self.models.change(model, state=state, report=json.dumps(found_report), reason=reason)

    def _arms(self, model: Model) -> dict[str, Chain]:
        base, files = self._base(), self.models.files(model)
        before = None if model.before_id is None else self.models.find(model.before_id)
        is_there = before is not None and before.state is not State.RETIRED
        arms: dict[str, Chain] = {
            Arm.PLAIN: base,
            Arm.BEFORE: self.with_model(base, before) if before is not None and is_there else base,
            Arm.AFTER: self._with_files(base, files),
        }
        for name in files if len(files) > 1 else ():
            alone = self._adapters[name].put_in(base, files[name])
            if alone.recogniser in (base.recogniser, arms[Arm.AFTER].recogniser):  # hearing it once more costs nothing
                arms[ALONE + name] = alone
        return arms

    def with_model(self, chain: Chain, model: Model) -> Chain:
        """The chain with what a model learned in it. Raises ImproveError, VaultError, ModelError."""
        return self._with_files(chain, self.models.files(model))

    def may_be_held_by_satellites(self, model: Model) -> bool:
        """Whether all from whom a model learned agree to its second look at wake words being sent to satellites."""
        return self.sets.may_be_held_by_satellites(self.sets.find(model.set_id))

    def _with_files(self, chain: Chain, files: Mapping[str, Mapping[str, bytes]]) -> Chain:
        for name, adapter in self._adapters.items():
            if name in files:
                chain = adapter.put_in(chain, files[name])
        return chain

    def _sounds(self) -> Callable[[str], Pcm | None]:
        return lru_cache(maxsize=SOUNDS_KEPT)(self.sets.sound)

    def _measured_entry(self, model: Model, found: Mapping[str, Any]) -> dict[str, object]:
        primary = found["gains"].get(model.plan.primary.value)
        gain = {} if primary is None else {name: _millionths(primary[name]) for name in ("gain", "low", "high")}
        return self._entry(
            "improve.measured",
            model,
            items=found["items"],
            speakers=found["speakers"],
            primary=model.plan.primary.value,
            gain_millionths=gain,
            may_be_used=found["may_be_used"],
            report_sha256=hashlib.sha256(json.dumps(found).encode()).hexdigest(),
        )

    # Using

    def promote(self, model: Model, *, by: str, share: float = TRIAL_SHARE) -> Model:
        """Use a model that is the registered gain: for a share of the hours beside what was before, or with 1 for all.

        `by` is the alias of who decided. Raises ImproveError (improve.refused for one that is no gain on what is used now).
        """
        if model.state not in (State.MEASURED, State.TRIAL, State.REPLACED):
            why = f" {model.reason}" if model.reason else ""
            raise ImproveError(f"Version {model.number} may not be used: it is {model.state.value}.{why}", code="improve.refused")
        if not 0.0 < share <= 1.0:
            raise ImproveError("A share is more than 0 and at most 1.", code="improve.refused")
        if taught(self.sets.lost(self.sets.find(model.set_id)), self.sets.find(model.set_id)):
            raise ImproveError("Somebody took back what this version learned from.", code="improve.changed")
        used = self.models.in_use()
        if model.state is not State.REPLACED and used is not None and used.model_id != model.before_id:
            why = f"Version {model.number} was not measured against version {used.number}, which is used now."
            raise ImproveError(f"{why} Learn and measure anew.", code="improve.refused")
        thousandths = max(1, round(share * 1_000))
        self._ledger.append([self._entry("improve.promoted", model, share_thousandths=thousandths, by=by)])
        if thousandths < 1_000:
            others = [one for one in self.models.in_state(State.TRIAL) if one.model_id != model.model_id]
            former = ((one, State.MEASURED, "Another is on trial.") for one in others)
            self.models.swap(*former, (model, State.TRIAL, ""), share_thousandths=thousandths)
            return self.models.find(model.model_id)
        others = [one for one in self.models.in_state(*RUNNING) if one.model_id != model.model_id]
        self.models.swap(
            *((one, State.REPLACED, f"Version {model.number} took its place.") for one in others), (model, State.IN_USE, "")
        )
        return self.models.find(model.model_id)

    def roll_back(self, *, why: str, by: str) -> Model:
        """Take back the newest version that is used; what was used before it is used again, if it still may be. Gives the one
        that was taken back. Raises ImproveError if nothing that was learned is used."""
        model = self.models.on_trial() or self.models.in_use()
        if model is None:
            raise ImproveError("Nothing that was learned is in use.", code="improve.not_due")
        former = None
        if model.state is State.IN_USE and model.before_id is not None:
            former = next((one for one in self.models.in_state(State.REPLACED) if one.model_id == model.before_id), None)
        to = None if former is None else former.model_id
        self._ledger.append([self._entry("improve.taken_back", model, to=to, why=why, by=by)])
        changes = [(model, State.TAKEN_BACK, why)]
        if former is not None:
            changes.append((former, State.IN_USE, f"Version {model.number} was taken back."))
        self.models.swap(*changes)
        return self.models.find(model.model_id)

    def take_back_what_goes_wrong(self) -> Model | None:
        """Take back a version on trial with which turns surely go wrong more often than without it; gives it, if so."""
        tried = self.models.on_trial()
        if tried is None:
            return None
        with_it, without = self.models.signals(tried)
        if not must_go_back(with_it, without):
            return None
        why = f"{with_it.bad} of {with_it.turns} turns went wrong with it, {without.bad} of {without.turns} without."
        return self.roll_back(why=why, by="earwitness")

    # What people take away

    def retire(self) -> tuple[Model, ...]:
        """Retire every model that learned from something that was deleted or withdrawn since; gives them."""
        lost: dict[str, bool] = {}
        retired = []
        for model in self.models.in_state(*(state for state in State if state is not State.RETIRED)):
            if model.set_id not in lost:
                made = self.sets.find(model.set_id)
                lost[model.set_id] = bool(taught(self.sets.lost(made), made))
            if lost[model.set_id]:
                retired.append(model)
        for model in retired:
            self._retire(model)
        return tuple(self.models.find(one.model_id) for one in retired)

    def _retire(self, model: Model) -> None:
        why = "Somebody deleted or withdrew what it learned from."
        self.models.retire(model, why)
        try:
            self._ledger.append([self._entry("improve.retired", model, was=model.state.value)])
        except EarwitnessError as error:  # to take away never waits for the ledger
            log(_logger, "retiring not committed", level=logging.WARNING, code=error.code)
        former = [one for one in self.models.in_state(State.REPLACED) if one.model_id == model.before_id]
        if model.state is State.IN_USE and former:
            self.models.swap((former[0], State.IN_USE, f"Version {model.number} was retired."))

    def learned_from(self, person_id: str) -> tuple[tuple[Model, int], ...]:
        """The models that learned from a person and are not retired, newest first, each with how many of their recordings."""
        counts = self.sets.of_person(person_id)
        learned = [
            one for one in self.models.all() if one.set_id in counts and one.state not in (State.RETIRED, State.REGISTERED)
        ]
        return tuple((one, counts[one.set_id]) for one in learned)

    def _entry(self, kind: str, model: Model, **facts: object) -> dict[str, object]:
        entry = {"v": 1, "kind": kind, "model": model.model_id, "number": model.number, **facts}
        rfc8785.dumps(entry)  # type: ignore[arg-type]  # a fact that the ledger does not take is found here
        return entry


def _sampled(examples: Sequence[Example]) -> tuple[Example, ...]:
    """At most so many, by the digests of their ids: the same ones each time."""
    order = sorted(examples, key=lambda one: hashlib.sha256(one.recording_id.encode()).digest())
    return tuple(order[:MOST_MEASURED])


def _millionths(value: float | None) -> int | None:
    return None if value is None else round(value * 1_000_000)
