"""Decide whether to activate a new version, and give the reason."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from recommendations.conf import Config, ConfiguredClass
from recommendations.errors import StaleComparison
from recommendations.evaluation.evaluate import Evaluation, too_few
from recommendations.evaluation.uplift import Uplift, uplift
from recommendations.models import TrainedModel
from recommendations.selectors.models import ActiveModels, active_models
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Strategy
from recommendations.training import registry
from recommendations.training.new_version import EMPTY

HOW_TO_ACTIVATE = (
    "Activate it in the admin under Trained models, or use --activate to activate new models in any case."
)
# Returns a sentence on why a version cannot be loaded, or "".
Problem = Callable[[ModelRef], str]


class ActivationRule(Enum):
    """When to activate a new version.

    NEEDED:    if it is proven, and no other proven version is active and can be loaded
    PROVEN:    if it was measured on enough users and recommends something
    ALWAYS:    in any case
    IF_BETTER: if it is surely better than the current default model
    """

    NEEDED = "needed"
    PROVEN = "proven"
    ALWAYS = "always"
    IF_BETTER = "if better"


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """reason: a sentence; uplift: over the current default, if the two were compared"""

    is_active: bool
    reason: str
    uplift: Uplift | None = None


@dataclass(frozen=True, slots=True)
class CurrentModel:
    """The current default strategy and its active model.

    name:          the strategy, with the version of its model if there is one
    digest:        of the settings that it was fitted with
    problem:       a sentence on why it cannot be loaded, or ""
    active_models: as read from the database
    """

    strategy: str
    name: str
    digest: str
    estimator: Strategy
    problem: str
    active_models: ActiveModels

    def check(self, active: ActiveModels) -> None:
        """Raise StaleComparison unless the default strategy and its version are still the same."""
        before = self.active_models
        version, version_before = active.versions.get(self.strategy), before.versions.get(self.strategy)
        if (active.default, version) != (before.default, version_before):
            raise StaleComparison(self.name)


def current_model(config: Config, strategies: Mapping[str, Strategy], problem: Problem) -> CurrentModel:
    """Return the current default; of a trained strategy, with the active version's estimator. 3 queries.

    Raises BadConfiguration when that estimator can no longer be created.
    """
    active = active_models()
    default = active.default
    strategy = default if default is not None and default in strategies else config.default_strategy
    row = registry.active_version(strategy) if strategies[strategy].log_days is None else None
    if row is None:
        why = f"No version of {strategy} was active." if strategies[strategy].log_days is None else ""
        return CurrentModel(strategy, strategy, config.digest(strategy), strategies[strategy], why, active)
    estimator: Strategy = ConfiguredClass(row.configuration["CLASS"], row.configuration["OPTIONS"]).make()
    why = problem(ModelRef(strategy, row.version))
    return CurrentModel(strategy, str(row), row.settings_digest, estimator, why, active)


def unproven_reason(model: TrainedModel) -> str:
    """Return a sentence on why only staff should activate the version, or "" if it is proven."""
    if model.record.get(EMPTY):
        return "It is empty: it recommends nothing to any user."
    if not model.metrics:
        return "It was not measured."
    return too_few(model.metrics["split"]["users"])


def rejection(why: str) -> PromotionDecision:
    """Return the decision not to activate a version. why: a sentence"""
    return PromotionDecision(False, f"Not activated. {why} {HOW_TO_ACTIVATE}")


def decide_if_proven(model: TrainedModel) -> PromotionDecision:
    """Return the decision under PROVEN."""
    why = unproven_reason(model)
    return rejection(why) if why else PromotionDecision(True, "Activated.")


def decide_if_needed(model: TrainedModel, problem: Problem) -> PromotionDecision:
    """Return the decision under NEEDED. At most 2 queries.

    An unproven version is not activated, and an active one that is unproven is replaced.
    """
    strategy = model.strategy
    if why := unproven_reason(model):
        return rejection(why)
    row = registry.active_version(strategy)
    if row is None:
        return PromotionDecision(True, f"Activated: no version of {strategy} was active.")
    if why := problem(ModelRef(strategy, row.version)):
        return PromotionDecision(True, f"Activated: the active version could not be used. {why}")
    if why := unproven_reason(row):
        return PromotionDecision(True, f"Activated in place of {row.version}, which is unproven. {why}")
    return PromotionDecision(False, f"Not activated: {row.version} stays active.")


def decide_unchanged(strategy: str, digest: str, current: CurrentModel) -> PromotionDecision | None:
    """Return the decision on the estimator that is already the default, None for any other."""
    if strategy != current.strategy or digest != current.digest:
        return None
    if current.problem:
        return PromotionDecision(
            True, f"Activated: {strategy} is the default and could not be used. {current.problem}"
        )
    return PromotionDecision(
        False,
        f"Not fitted: {current.name} is the default and has the same settings, so there is nothing to "
        f"compare. Use --activate-if-measured to fit it to the newest events.",
    )


def decide_by_uplift(
    names: Iterable[str], current: CurrentModel, evaluation: Evaluation
) -> dict[str, PromotionDecision]:
    """Return the decision on each strategy: the best of those surely better than the default is activated."""
    uplifts = {
        name: uplift(evaluation.strategies[name], evaluation.strategies[current.name]) for name in names
    }
    best = max(
        (name for name in uplifts if uplifts[name].is_sure), key=lambda name: uplifts[name].mean, default=None
    )
    return {name: _decision(name, difference, best, current) for name, difference in uplifts.items()}


def decide_unmeasured(evaluation: Evaluation) -> PromotionDecision:
    """Return the decision on a strategy that was measured on too few users."""
    return PromotionDecision(
        False, f"Not fitted. {evaluation.warning} Use --activate to fit and activate it in any case."
    )


def _decision(name: str, difference: Uplift, best: str | None, current: CurrentModel) -> PromotionDecision:
    if name == best:
        return PromotionDecision(
            True, f"Activated and made the default: better than {current.name} by {difference}.", difference
        )
    if difference.is_sure:
        return PromotionDecision(
            False,
            f"Not fitted: better than {current.name} by {difference}, but {best} is better still.",
            difference,
        )
    reason = f"Not fitted: not surely better than {current.name}. NDCG@10 differs by {difference}."
    if current.problem:
        reason = f"{reason} {current.problem} Its fallback is used; use --activate to activate a new version."
    return PromotionDecision(False, reason, difference)
