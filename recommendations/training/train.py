"""Train models, and activate those that should be used."""

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
    current_model,
    decide_by_uplift,
    decide_if_needed,
    decide_if_proven,
    decide_unchanged,
    decide_unmeasured,
    rejection,
    unproven_reason,
)

Report = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """names: strategies, () for all; evaluate: measure first; keep: versions to keep, None for all"""

    names: tuple[str, ...]
    created_by: str
    activate: ActivationRule = ActivationRule.NEEDED
    evaluate: bool = True
    holdout_days: int = 30
    keep: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result for one strategy. model: None if it was not fitted; removed: number of old versions"""

    strategy: str
    model: TrainedModel | None
    decision: PromotionDecision
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Trainer:
    """Measures, fits and activates strategies.

    strategies:  every configured estimator by name
    evaluate:    returns the Evaluator of these estimators
    training:    reads the shop's current data
    new_version: fits and registers a new version
    remove:      removes the files of a version
    problem:     returns a sentence on why a version cannot be loaded, or ""
    """

    config: Config
    strategies: Mapping[str, Strategy]
    evaluate: Callable[[Mapping[str, Strategy]], Evaluator]
    training: Callable[[], Training]
    new_version: VersionBuilder
    remove: registry.Remove
    problem: Problem
    now: Callable[[], datetime]

    def __call__(self, options: TrainingOptions, report: Report) -> Iterator[TrainingResult]:
        """Train the strategies and yield the result of each as it is done.

        report: called with a message before each step
        Raises UnknownStrategy, NothingToTrain, and the errors of `Evaluator` and `VersionBuilder`. Results
        that were yielded before an error stay valid.
        """
        names = self._names(options.names)
        if options.activate is ActivationRule.IF_BETTER:
            yield from self._if_better(options, names, report)
            return
        evaluation = self._evaluation(options, names, None, report)
        training = self._training_data(report)
        for name in names:
            model = self._fit(options, name, training, evaluation, report)
            decision = self._decision(model, options.activate)
            if decision.is_active:
                registry.activate(model, at=self.now())
            yield TrainingResult(name, model, decision, self._remove_surplus(name, options.keep))

    def _decision(self, model: TrainedModel, rule: ActivationRule) -> PromotionDecision:
        if rule is ActivationRule.ALWAYS:
            why = unproven_reason(model)
            return PromotionDecision(True, f"Activated because of --activate. {why}" if why else "Activated.")
        if rule is ActivationRule.PROVEN:
            return decide_if_proven(model)
        return decide_if_needed(model, self.problem)

    def _if_better(
        self, options: TrainingOptions, names: list[str], report: Report
    ) -> Iterator[TrainingResult]:
        """Yield the result of each strategy under IF_BETTER; the new default, if any, is fitted last."""
        current = current_model(self.config, self.strategies, self.problem)
        already_default = {name: decide_unchanged(name, self.config.digest(name), current) for name in names}
        decisions = {name: decision for name, decision in already_default.items() if decision}
        others = [name for name in names if name not in decisions]
        measured = [*others, *(name for name, decision in decisions.items() if decision.is_active)]
        evaluation = self._evaluation(options, measured, current, report) if measured else None
        if evaluation:
            too_few_users = (
                {name: decide_unmeasured(evaluation) for name in measured} if evaluation.warning else {}
            )
            decisions |= too_few_users or decide_by_uplift(others, current, evaluation)
        winner = next((name for name in others if decisions[name].is_active), None)
        for name, decision in decisions.items():
            if decision.is_active and winner and name != winner:
                decisions[name] = PromotionDecision(
                    False, f"Not fitted: {winner} becomes the default in its place."
                )
        for name in sorted(names, key=lambda name: decisions[name].is_active):
            decision, model, removed = decisions[name], None, 0
            if decision.is_active:
                model = self._fit(options, name, self._training_data(report), evaluation, report)
                decision = self._activated(model, decision, current)
                removed = self._remove_surplus(name, options.keep)
            yield TrainingResult(name, model, decision, removed)

    def _activated(
        self, model: TrainedModel, decision: PromotionDecision, current: CurrentModel
    ) -> PromotionDecision:
        """Activate the version unless it is unproven or the default has changed; return the decision."""
        if why := unproven_reason(model):
            return replace(rejection(why), uplift=decision.uplift)
        try:
            if decision.uplift is None:
                registry.activate(model, at=self.now())
            else:
                registry.activate_as_default(model, at=self.now(), check=current.check)
        except StaleComparison as error:
            return replace(decision, is_active=False, reason=f"Not activated: {error}")
        return decision

    def _fit(
        self,
        options: TrainingOptions,
        name: str,
        training: Training,
        evaluation: Evaluation | None,
        report: Report,
    ) -> TrainedModel:
        """Fit the strategy and return the new, inactive version."""
        report(f"{name}: fitting to {len(training.log):,} events")
        metrics = stored_metrics(evaluation, name, options.holdout_days) if evaluation else {}
        return self.new_version(
            name, training, metrics=metrics, created_by=options.created_by, note=options.note
        )

    def _names(self, requested: tuple[str, ...]) -> list[str]:
        """Return the strategies to train, each once: the requested ones, or all that are trained ahead."""
        for name in requested:
            self.config.strategy(name)
        trained = [name for name, estimator in self.strategies.items() if estimator.log_days is None]
        untrained = [name for name in requested if name not in trained]
        if untrained or not trained:
            raise NothingToTrain(untrained, trained)
        return list(dict.fromkeys(requested)) or trained

    def _evaluation(
        self, options: TrainingOptions, names: list[str], current: CurrentModel | None, report: Report
    ) -> Evaluation | None:
        """Return the evaluation of these estimators, and of the current default if it is given.

        Returns None if no evaluation is requested. Without `current` it also returns None, instead of raising
        an error, when there are no users to measure on or an estimator cannot be fitted to the data before
        the cutoff.
        """
        if not options.evaluate:
            return None
        estimators, all_names = dict(self.strategies), list(names)
        if current is not None and current.name not in names:
            estimators[current.name] = current.estimator
            all_names.append(current.name)
        report(f"measuring {', '.join(all_names)} on the last {options.holdout_days} days")
        try:
            return self.evaluate(estimators)(
                all_names, holdout_days=options.holdout_days, done=lambda name: report(f"{name}: measured")
            )
        except (NothingHeldOut, StrategyFailed) as error:
            if current is not None:
                raise
            report(f"not measured: {str(error).rstrip('.')}")
            return None

    def _training_data(self, report: Report) -> Training:
        """Return the shop's data. Raises NoEvents."""
        report("reading the shop")
        training = self.training()
        if not len(training.log):
            raise NoEvents
        return training

    def _remove_surplus(self, strategy: str, keep: int | None) -> int:
        if keep is None:
            return 0
        return len(registry.delete(registry.surplus(strategy, keep=keep), self.remove))


def stored_metrics(evaluation: Evaluation, name: str, holdout_days: int) -> dict[str, Any]:
    """Return an estimator's metrics for its row: its part of the evaluation's JSON, and the split."""
    result = as_dict(evaluation)
    return {**result["strategies"][name], "split": {**result["split"], "holdout_days": holdout_days}}
