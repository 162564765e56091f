"""Trains models, and activates those that should answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recommendations.conf import Config
from recommendations.errors import NoEvents, NothingHeldOut, NothingToTrain, StaleComparison, StrategyFailed
from recommendations.evaluation.evaluate import Evaluation, Evaluator, as_dict
from recommendations.models import TrainedModel
from recommendations.strategies.base import Strategy, Training
from recommendations.training import registry
from recommendations.training.new_version import VersionBuilder
from recommendations.training.promotion import (
    ActivationRule,
    CurrentModel,
    Problem,
    PromotionDecision,
    compared,
    current_model,
    needed,
    proven,
    refused,
    unchanged,
    unmeasured,
    unproven,
)

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """names: of strategies; evaluate: whether to measure first; keep: how many versions, None for all."""

    names: tuple[str, ...]
    created_by: str
    activate: ActivationRule = ActivationRule.NEEDED
    evaluate: bool = True
    holdout_days: int = 30
    keep: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What came of one strategy. model: None where it was not worth fitting; removed: old versions."""

    strategy: str
    model: TrainedModel | None
    verdict: PromotionDecision
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Trainer:
    """The use case.

    strategies: every configured recipe by name; evaluate: makes what compares recipes; training: reads the
    shop as it is; remove: removes the files of a version; problem: says why a version cannot answer
    """

    config: Config
    strategies: Mapping[str, Strategy]
    evaluate: Callable[[Mapping[str, Strategy]], Evaluator]
    training: Callable[[], Training]
    new_version: VersionBuilder
    remove: registry.Remove
    problem: Problem
    now: Callable[[], datetime]

    def __call__(self, order: TrainingOptions, say: Say) -> Iterator[TrainingResult]:
        """Yield what came of each strategy, one after the other; `say` is told what is being done.

        What was yielded stays. Raises UnknownStrategy, NothingToTrain, and the errors of `Evaluator` and
        `VersionBuilder`.
        """
        names = self._names(order.names)
        if order.activate is ActivationRule.IF_BETTER:
            yield from self._contest(order, names, say)
            return
        evaluation = self._evaluation(order, names, None, say)
        training = self._read(say)
        for name in names:
            model = self._fitted(order, name, training, evaluation, say)
            verdict = self._verdict(model, order.activate)
            if verdict.is_active:
                registry.activate(model, at=self.now())
            yield TrainingResult(name, model, verdict, self._thinned(name, order.keep))

    def _verdict(self, model: TrainedModel, when: ActivationRule) -> PromotionDecision:
        if when is ActivationRule.ALWAYS:
            why = unproven(model)
            return PromotionDecision(True, f"Activated, as asked. {why}" if why else "Activated.")
        return proven(model) if when is ActivationRule.PROVEN else needed(model, self.problem)

    def _contest(self, order: TrainingOptions, names: list[str], say: Say) -> Iterator[TrainingResult]:
        """Yield what came of each strategy; the one that is to answer by default, if any, is fitted last."""
        now = current_model(self.config, self.strategies, self.problem)
        same = {name: unchanged(name, self.config.digest(name), now) for name in names}
        verdicts = {name: verdict for name, verdict in same.items() if verdict}
        others = [name for name in names if name not in verdicts]
        measured = [*others, *(name for name, verdict in verdicts.items() if verdict.is_active)]
        evaluation = self._evaluation(order, measured, now, say) if measured else None
        if evaluation:
            few = {name: unmeasured(evaluation) for name in measured} if evaluation.warning else {}
            verdicts |= few or compared(others, now, evaluation)
        winner = next((name for name in others if verdicts[name].is_active), None)
        for name, verdict in verdicts.items():
            if verdict.is_active and winner and name != winner:
                verdicts[name] = PromotionDecision(
                    False, f"Not fitted: {winner} is to answer by default in its place."
                )
        for name in sorted(names, key=lambda name: verdicts[name].is_active):
            verdict, model, removed = verdicts[name], None, 0
            if verdict.is_active:
                model = self._fitted(order, name, self._read(say), evaluation, say)
                verdict = self._activated(model, verdict, now)
                removed = self._thinned(name, order.keep)
            yield TrainingResult(name, model, verdict, removed)

    def _activated(
        self, model: TrainedModel, verdict: PromotionDecision, now: CurrentModel
    ) -> PromotionDecision:
        """Return the verdict: the version answers, unless it is empty, or something else was let answer
        meanwhile.
        """
        if why := unproven(model):
            return replace(refused(why), uplift=verdict.uplift)
        try:
            if verdict.uplift is None:
                registry.activate(model, at=self.now())
            else:
                registry.succeed(model, at=self.now(), check=now.check)
        except StaleComparison as error:
            return replace(verdict, is_active=False, because=f"Not activated: {error}")
        return verdict

    def _fitted(
        self, order: TrainingOptions, name: str, training: Training, evaluation: Evaluation | None, say: Say
    ) -> TrainedModel:
        """Return a new version, which is not active yet."""
        say(f"{name}: fitting to {len(training.log):,} events")
        metrics = kept_metrics(evaluation, name, order.holdout_days) if evaluation else {}
        return self.new_version(name, training, metrics=metrics, created_by=order.created_by, note=order.note)

    def _names(self, wanted: tuple[str, ...]) -> list[str]:
        """Return the strategies to train, each once: those wanted, or all that are trained ahead."""
        for name in wanted:
            self.config.strategy(name)
        trained = [name for name, recipe in self.strategies.items() if recipe.log_days is None]
        quick = [name for name in wanted if name not in trained]
        if quick or not trained:
            raise NothingToTrain(quick, trained)
        return list(dict.fromkeys(wanted)) or trained

    def _evaluation(
        self, order: TrainingOptions, names: list[str], now: CurrentModel | None, say: Say
    ) -> Evaluation | None:
        """Return what was measured of these recipes, and of that which answers now.

        None where it is not wanted; and where nobody can be measured on, or a recipe cannot be fitted to the
        past alone, unless something is to be compared.
        """
        if not order.evaluate:
            return None
        recipes, all_names = dict(self.strategies), list(names)
        if now is not None and now.name not in names:
            recipes[now.name] = now.recipe
            all_names.append(now.name)
        say(f"measuring {', '.join(all_names)} on the last {order.holdout_days} days")
        try:
            return self.evaluate(recipes)(
                all_names, holdout_days=order.holdout_days, done=lambda name: say(f"{name}: measured")
            )
        except (NothingHeldOut, StrategyFailed) as error:
            if now is not None:
                raise
            say(f"not measured: {str(error).rstrip('.')}")
            return None

    def _read(self, say: Say) -> Training:
        """Return all that the shop knows. Raises NoEvents."""
        say("reading the shop")
        training = self.training()
        if not len(training.log):
            raise NoEvents
        # The version speaks of the database, which the process that fits does not know.
        return replace(training, snapshot=replace(training.snapshot, version=None))

    def _thinned(self, strategy: str, keep: int | None) -> int:
        if keep is None:
            return 0
        return len(registry.delete(registry.surplus(strategy, keep=keep), self.remove))


def kept_metrics(evaluation: Evaluation, name: str, holdout_days: int) -> dict[str, Any]:
    """Return what is kept of one recipe's measures: the shape of the evaluation's JSON, with the split."""
    whole = as_dict(evaluation)
    return {**whole["strategies"][name], "split": {**whole["split"], "holdout_days": holdout_days}}
