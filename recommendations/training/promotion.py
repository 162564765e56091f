"""Whether a new version should answer, and why."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from recommendations.conf import Config, Named
from recommendations.errors import StaleComparison
from recommendations.evaluation.evaluate import Evaluation, too_few
from recommendations.evaluation.uplift import Uplift, uplift
from recommendations.models import TrainedModel
from recommendations.selectors.models import ActiveModels, active_models
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Strategy
from recommendations.training import registry
from recommendations.training.new_version import EMPTY

ALL_THE_SAME = (
    "Staff can activate it in the admin under Trained models; --activate activates whatever is fitted."
)
# Says why a version cannot answer, "" where it can.
Problem = Callable[[ModelRef], str]


class ActivationRule(Enum):
    """When a new version is activated.

    NEEDED: where none is active that can and should answer; PROVEN: unless something speaks against it;
    ALWAYS: whatever speaks against it
    """

    NEEDED = "needed"
    PROVEN = "proven"
    ALWAYS = "always"
    IF_BETTER = "if better"


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """because: a sentence; gain: over what answers by default, where that was asked for."""

    is_active: bool
    because: str
    uplift: Uplift | None = None


@dataclass(frozen=True, slots=True)
class CurrentModel:
    """What answers by default.

    name: of the strategy, with its version if it has one; digest: of settings; problem: why it cannot answer
    standing: what the database said
    """

    strategy: str
    name: str
    digest: str
    recipe: Strategy
    problem: str
    active_models: ActiveModels

    def check(self, now: ActiveModels) -> None:
        """Raise StaleComparison unless the same answers by default now."""
        theirs, ours = (found.versions.get(self.strategy) for found in (now, self.active_models))
        if (now.default, theirs) != (self.active_models.default, ours):
            raise StaleComparison(self.name)


def current_model(config: Config, strategies: Mapping[str, Strategy], problem: Problem) -> CurrentModel:
    """Return what answers by default now: of a trained strategy the recipe of its active version. 3 queries.

    problem: says why a version cannot answer, "" where it can
    Raises BadConfiguration when that recipe cannot be made any more.
    """
    found = active_models()
    chosen = found.default
    strategy = chosen if chosen is not None and chosen in strategies else config.default_strategy
    row = registry.active(strategy) if strategies[strategy].log_days is None else None
    if row is None:
        lacking = f"No version of {strategy} was active." if strategies[strategy].log_days is None else ""
        return CurrentModel(strategy, strategy, config.digest(strategy), strategies[strategy], lacking, found)
    recipe: Strategy = Named(row.recipe["CLASS"], row.recipe["OPTIONS"]).make()
    why = problem(ModelRef(strategy, row.version))
    return CurrentModel(strategy, str(row), row.settings_digest, recipe, why, found)


def unproven(model: TrainedModel) -> str:
    """Return a sentence on why the version should not answer unless staff decide so, "" where it may."""
    if model.record.get(EMPTY):
        return "It is empty: it proposes nothing to anybody."
    if not model.metrics:
        return "It was not measured."
    return too_few(model.metrics["split"]["users"])


def refused(why: str) -> PromotionDecision:
    """Return the verdict on a version that is unproven."""
    return PromotionDecision(False, f"Not activated. {why} {ALL_THE_SAME}")


def proven(model: TrainedModel) -> PromotionDecision:
    """Return whether nothing speaks against the new version."""
    why = unproven(model)
    return refused(why) if why else PromotionDecision(True, "Activated.")


def needed(model: TrainedModel, problem: Problem) -> PromotionDecision:
    """Return whether the new version may answer, and no active one that may can. 2 queries at most.

    What is unproven is not activated, nor does it keep a version that is not from taking its place.
    """
    strategy = model.strategy
    if why := unproven(model):
        return refused(why)
    row = registry.active(strategy)
    if row is None:
        return PromotionDecision(True, f"Activated: no version of {strategy} was active.")
    if why := problem(ModelRef(strategy, row.version)):
        return PromotionDecision(True, f"Activated, for what was active could not answer: {why}")
    if why := unproven(row):
        return PromotionDecision(True, f"Activated in place of {row.version}. {why}")
    return PromotionDecision(False, f"Not activated: {row.version} stays active.")


def unchanged(strategy: str, digest: str, now: CurrentModel) -> PromotionDecision | None:
    """Return the verdict on what already answers by default, None for any other recipe."""
    if strategy != now.strategy or digest != now.digest:
        return None
    if now.problem:
        return PromotionDecision(
            True, f"Activated, for {strategy} is to answer by default and could not: {now.problem}"
        )
    return PromotionDecision(
        False,
        f"Not fitted: {now.name} answers by default and has the same recipe, so there is nothing to compare. "
        f"Give --activate-if-measured to fit it to the newest events.",
    )


def compared(names: Iterable[str], now: CurrentModel, evaluation: Evaluation) -> dict[str, PromotionDecision]:
    """Return the verdict on each strategy: of those surely better than the present one the best answers."""
    gains = {name: uplift(evaluation.strategies[name], evaluation.strategies[now.name]) for name in names}
    best = max(
        (name for name in gains if gains[name].is_sure), key=lambda name: gains[name].mean, default=None
    )
    return {name: _compared(name, found, best, now) for name, found in gains.items()}


def unmeasured(evaluation: Evaluation) -> PromotionDecision:
    """Return the verdict on whatever was measured on too few users."""
    return PromotionDecision(
        False, f"Not fitted. {evaluation.warning} --activate fits and activates it all the same."
    )


def _compared(name: str, found: Uplift, best: str | None, now: CurrentModel) -> PromotionDecision:
    if name == best:
        return PromotionDecision(
            True, f"Activated, and answers by default: better than {now.name} by {found}.", found
        )
    if found.is_sure:
        return PromotionDecision(
            False, f"Not fitted: better than {now.name} by {found}, but {best} gains more.", found
        )
    said = f"Not fitted: not surely better than {now.name}, NDCG@10 differs by {found}."
    if now.problem:
        said = f"{said} {now.problem} What fills up answers meanwhile; --activate lets a new version answer."
    return PromotionDecision(False, said, found)
