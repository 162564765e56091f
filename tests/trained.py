"""A shop whose settings know a strategy that is trained ahead, and versions of its model."""

from datetime import datetime
from pathlib import Path
from typing import Any

from recommendations import wiring
from recommendations.models import TrainedModel
from recommendations.selectors.histories import log
from recommendations.selectors.snapshots import snapshot
from recommendations.strategies.base import Trainable, Training
from recommendations.training import registry
from tests.counting import Counting
from tests.factories import NOON

COUNTING = {"CLASS": "tests.counting.Counting", "OPTIONS": {"rarest": False}}


def knows_counting(settings: Any, model_dir: Path, **options: Any) -> None:
    """Configure the strategy, and where its models are; no other one is trained ahead."""
    configured = settings.RECOMMENDATIONS["STRATEGIES"]
    quick = {name: configured[name] for name in ("content", "popular", "trending")}
    settings.RECOMMENDATIONS = {
        **settings.RECOMMENDATIONS,
        "STRATEGIES": {**quick, "counting": COUNTING},
        "MODEL_DIR": str(model_dir),
        **options,
    }
    wiring.forget()


def version(name: str, *, active: bool = False, rarest: bool = False, at: datetime = NOON) -> TrainedModel:
    """Return the version of `counting`, fitted to the shop as it is and registered."""
    return trained("counting", name, Counting(rarest), COUNTING, active=active, at=at)


def trained(
    strategy: str,
    name: str = "v1",
    fitted: Trainable | None = None,
    configuration: dict[str, Any] | None = None,
    *,
    active: bool = True,
    at: datetime = NOON,
) -> TrainedModel:
    """Return the version, fitted to the shop as it is and registered.

    fitted, configuration: other than what the settings say of the strategy
    """
    store = wiring.model_store()
    made_of = fitted or wiring.strategy_registry().strategies[strategy]
    with store.staging(strategy) as staged:
        made_of.fit(Training(snapshot(), log(), wiring.config().events)).save(staged)
        manifest, digest = store.keep(staged, strategy, name)
    made = TrainedModel(
        strategy=strategy,
        version=name,
        settings_digest=wiring.config().digest(strategy),
        configuration=configuration or {},
        n_events=len(log()),
        n_bytes=manifest.n_bytes,
        digest=digest,
        created_at=at,
        created_by="a test",
    )
    registry.register(made)
    if active:
        registry.activate(made, at=at)
    return made
