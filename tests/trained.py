"""A shop whose settings know a strategy that is trained ahead, and versions of its model."""

from datetime import datetime
from pathlib import Path
from typing import Any

from recommendations import wiring
from recommendations.models import TrainedModel
from recommendations.selectors.logs import log
from recommendations.selectors.snapshots import snapshot
from recommendations.services import registry
from recommendations.strategies.base import Training
from tests.counting import Counting
from tests.factories import NOON

COUNTING = {"CLASS": "tests.counting.Counting", "OPTIONS": {"rarest": False}}


def knows_counting(settings: Any, model_dir: Path, **options: Any) -> None:
    """Configure the strategy, and where its models are."""
    settings.RECOMMENDATIONS = {
        **settings.RECOMMENDATIONS,
        "STRATEGIES": {**settings.RECOMMENDATIONS["STRATEGIES"], "counting": COUNTING},
        "MODEL_DIR": str(model_dir),
        **options,
    }
    wiring.forget()


def version(name: str, *, active: bool = False, rarest: bool = False, at: datetime = NOON) -> TrainedModel:
    """Return the version, fitted to the shop as it is and registered."""
    store = wiring.model_store()
    with store.staging("counting") as staged:
        Counting(rarest).fit(Training(snapshot(), log(), wiring.config().events)).save(staged)
        manifest, digest = store.keep(staged, "counting", name)
    made = TrainedModel(
        strategy="counting",
        version=name,
        settings_digest=wiring.config().digest("counting"),
        recipe=COUNTING,
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
