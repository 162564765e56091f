"""What works ahead and beside the requests: lists, models, evidence, and what is too old to be kept."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from recommendations.batch import retention
from recommendations.batch.distribute import A_SHARD, Distribute, tend
from recommendations.batch.generate import Generate, Order
from recommendations.batch.recorded_run import Progress, recorded
from recommendations.batch.retention import Removed
from recommendations.batch.runs import RunOrder
from recommendations.batch.shards import DoShard
from recommendations.evaluation.evaluate import Evaluate
from recommendations.models import GenerationRun
from recommendations.processes.pool import Apart
from recommendations.selectors.logs import log
from recommendations.selectors.shoppers import n_shoppers, shopper_id_chunks
from recommendations.selectors.snapshots import snapshot
from recommendations.serving.ranker import Ranker
from recommendations.serving.results import Chosen
from recommendations.strategies.base import Training
from recommendations.training.new_version import NewVersion
from recommendations.training.train import Train
from recommendations.wiring import catalogue
from recommendations.wiring.answers import pasts
from recommendations.wiring.configured import (
    config,
    digest,
    explainer,
    model_store,
    opened,
    queue,
    strategies,
)


def generator(chosen: Chosen, top_n: int = 10, dry_run: bool = False, explain: bool = False) -> Generate:
    """Return what generates lists of top_n ahead, fitted to the catalogue as it is now."""
    fitted = catalogue.fitted(None)(chosen)
    order = Order(
        strategy=chosen.strategy,
        # What fills up in place of a model must not be served once the model can be had.
        digest=digest(chosen) + ("!" if opened().lacks(chosen.strategy) else ""),
        top_n=top_n,
        explainer=explainer() if explain else None,
        dry_run=dry_run,
    )
    return Generate(Ranker(fitted, pasts()), timezone.now, order)


def generator_apart(processes: int, chosen: Chosen, top_n: int, dry_run: bool) -> Apart:
    """Return what lets as many processes generate, each with a generator of its own."""
    return Apart(processes, f"{__name__}:{generator.__name__}", (chosen, top_n, dry_run))


def recorded_run(order: RunOrder) -> AbstractContextManager[Progress]:
    """Return what records a run of this process. Raises GenerationUnderWay as it is entered."""
    return recorded(order, timezone.now)


def distributed_run(
    chosen: Chosen, *, started_by: str, top_n: int = 10, a_shard: int = A_SHARD
) -> GenerationRun:
    """Return the row of a run for all shoppers that the workers have begun.

    Raises GenerationUnderWay, and QueueUnavailable where there are no workers.
    """
    queue().require()
    order = RunOrder(chosen.strategy, chosen.version, top_n, n_shoppers(), started_by)
    return Distribute(_send_shard, timezone.now)(order, shopper_id_chunks(a_shard))


def tend_runs() -> list[int]:
    """Return the runs by workers of which nothing came for some minutes, whose shards were sent again."""
    return tend(_send_shard, timezone.now())


def do_shard() -> DoShard:
    """Return what does a shard of a run."""
    return DoShard(_of_run, timezone.now)


@lru_cache(maxsize=1)
def _of_run(run_id: int, chosen: Chosen, top_n: int) -> Generate:
    """Return the generator of a run, which all its shards in this process share."""
    return generator(chosen, top_n)


def _send_shard(run_id: int, number: int) -> None:
    queue().send("recommendations.shard", run_id, number)


def remove_old_rows() -> Removed:
    """Return how many rows, too old to be kept, are gone."""
    return retention.remove_old_rows(event_days=settings.EVENT_RETENTION_DAYS, now=timezone.now())


def evaluator(names: Iterable[str]) -> Evaluate:
    """Return what compares these strategies on the last days of the shop. Raises UnknownStrategy."""
    recipes = {name: config().strategy(name).make() for name in names}
    return Evaluate(log, snapshot, recipes, config().events)


def trainer() -> Train:
    """Return what trains models on the shop as it is."""
    store, recipes = model_store(), strategies()
    return Train(
        config=config(),
        strategies=recipes,
        evaluate=lambda recipes: Evaluate(log, snapshot, recipes, config().events),
        training=lambda: Training(snapshot(), log(), config().events),
        new_version=NewVersion(config(), recipes, store, timezone.now),
        remove=store.remove,
        problem=opened().problem,
        now=timezone.now,
    )


MADE_ONCE = (_of_run,)
