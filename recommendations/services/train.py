"""Trains models, and activates those that should answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from recommendations.conf import Config
from recommendations.errors import NoEvents, NothingHeldOut, NothingToTrain, StrategyFailed
from recommendations.models import TrainedModel
from recommendations.services import registry
from recommendations.services.evaluate import Evaluate, Evaluation, as_dict
from recommendations.services.new_version import NewVersion
from recommendations.services.verdict import Activate, Present, Verdict, compared, needed, present, unchanged
from recommendations.strategies.base import Strategy, Training

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class TrainOrder:
    """names: of strategies; evaluate: whether to measure first; keep: how many versions, None for all."""

    names: tuple[str, ...]
    created_by: str
    activate: Activate = Activate.NEEDED
    evaluate: bool = True
    holdout_days: int = 30
    keep: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of one strategy. model: None where it was not worth fitting; removed: old versions."""

    strategy: str
    model: TrainedModel | None
    verdict: Verdict
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Train:
    """The use case.

    strategies: every configured recipe by name; evaluate: makes what compares recipes; training: reads the
    shop as it is; remove: removes the files of a version
    """

    config: Config
    strategies: Mapping[str, Strategy]
    evaluate: Callable[[Mapping[str, Strategy]], Evaluate]
    training: Callable[[], Training]
    new_version: NewVersion
    remove: registry.Remove
    now: Callable[[], datetime]

    def __call__(self, order: TrainOrder, say: Say) -> Iterator[Trained]:
        """Yield what came of each strategy, one after the other; `say` is told what is being done.

        What was yielded stays. Raises UnknownStrategy, NothingToTrain, and what `Evaluate` and `NewVersion`
        raise.
        """
        names = self._names(order.names)
        is_contest = order.activate is Activate.IF_BETTER
        now = present(self.config, self.strategies) if is_contest else None
        if now is not None:
            same = {name: unchanged(name, self.config.digest(name), now) for name in names}
            for name, verdict in same.items():
                if verdict is not None and not verdict.is_active:
                    yield Trained(name, None, verdict)
                    names.remove(name)
            if not names:
                return
        evaluation = self._evaluation(order, names, now, say)
        training: Training | None = None
        for name in names:
            digest, verdict = self.config.digest(name), None
            if now is not None and evaluation is not None:
                verdict = unchanged(name, digest, now) or compared(name, now, evaluation)
                if not verdict.is_active:
                    yield Trained(name, None, verdict)
                    continue
            training = training or self._read(say)
            say(f"{name}: fitting to {len(training.log):,} events")
            metrics = kept_metrics(evaluation, name, order.holdout_days) if evaluation else {}
            model = self.new_version(
                name, training, metrics=metrics, created_by=order.created_by, note=order.note
            )
            if order.activate is Activate.ALWAYS:
                verdict = Verdict(True, "Activated.")
            verdict = verdict or needed(name, digest)
            if verdict.is_active:
                registry.activate(model, at=self.now(), default=verdict.gain is not None)
            if verdict.gain is not None:
                now = Present(name, name, digest, self.strategies[name])
            yield Trained(name, model, verdict, self._thinned(name, order.keep))

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
        self, order: TrainOrder, names: list[str], now: Present | None, say: Say
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
