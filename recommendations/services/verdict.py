"""Whether a new version should answer, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from recommendations.conf import Config, Named
from recommendations.services import registry
from recommendations.services.evaluate import Evaluation
from recommendations.services.gain import Gain, gain
from recommendations.strategies.base import Strategy


class Activate(Enum):
    """When a new version is activated. NEEDED: where none is active that can answer."""

    NEEDED = "needed"
    ALWAYS = "always"
    IF_BETTER = "if better"


@dataclass(frozen=True, slots=True)
class Verdict:
    """because: a sentence; gain: over what answers by default, where that was asked for."""

    is_active: bool
    because: str
    gain: Gain | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """What answers by default. name: of the strategy, with its version if it has one; digest: of settings."""

    strategy: str
    name: str
    digest: str
    recipe: Strategy


def present(config: Config, strategies: Mapping[str, Strategy]) -> Present:
    """Return what answers by default now: of a trained strategy the recipe of its active version. 2 queries.

    Raises BadConfiguration when that recipe cannot be made any more.
    """
    chosen = registry.default_strategy()
    strategy = chosen if chosen is not None and chosen in strategies else config.default_strategy
    row = registry.active(strategy) if strategies[strategy].log_days is None else None
    if row is None:
        return Present(strategy, strategy, config.digest(strategy), strategies[strategy])
    recipe: Strategy = Named(row.recipe["CLASS"], row.recipe["OPTIONS"]).make()
    return Present(strategy, str(row), row.settings_digest, recipe)


def needed(strategy: str, digest: str) -> Verdict:
    """Return whether the strategy has no active version that can answer. 1 query."""
    row = registry.active(strategy)
    if row is None:
        return Verdict(True, f"Activated: no version of {strategy} was active.")
    if row.settings_digest != digest:
        return Verdict(True, f"Activated: {row.version} was trained with other settings and cannot answer.")
    return Verdict(False, f"Not activated: {row.version} stays active.")


def unchanged(strategy: str, digest: str, now: Present) -> Verdict | None:
    """Return the verdict on what already answers by default, None for any other recipe. 1 query at most."""
    if strategy != now.strategy or digest != now.digest:
        return None
    if registry.active(strategy) is None:
        return Verdict(True, f"Activated: {strategy} answers by default, and no version of it was active.")
    return Verdict(
        False,
        f"Not fitted: {now.name} answers by default and has the same recipe, so there is nothing to compare. "
        f"Give --activate to fit it to the newest events.",
    )


def compared(strategy: str, now: Present, evaluation: Evaluation) -> Verdict:
    """Return whether the strategy's recipe is better than the present one, beyond doubt."""
    found = gain(evaluation.strategies[strategy], evaluation.strategies[now.name])
    if found.is_sure:
        return Verdict(True, f"Activated, and answers by default: better than {now.name} by {found}.", found)
    return Verdict(
        False, f"Not fitted: not surely better than {now.name}, NDCG@10 differs by {found}.", found
    )
