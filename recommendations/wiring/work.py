"""What works ahead and beside the requests: lists, models, evidence, and what is too old to be kept."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from recommendations.batch import retention
from recommendations.batch.distribute import A_SHARD, ShardDistributor, resend_silent_shards
from recommendations.batch.generate import GenerationOptions, Generator
from recommendations.batch.recorded_run import Progress, recorded
from recommendations.batch.retention import Removed
from recommendations.batch.runs import RunParameters
from recommendations.batch.shards import ShardWorker
from recommendations.engine.log import Log
from recommendations.evaluation.evaluate import Evaluator
from recommendations.models import GenerationRun
from recommendations.processes.pool import ProcessPool
from recommendations.selectors.clock import last_event_at
from recommendations.selectors.histories import log
from recommendations.selectors.shoppers import n_shoppers, shopper_id_chunks
from recommendations.selectors.snapshots import snapshot
from recommendations.serving.ranker import Ranker
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Training
from recommendations.training.new_version import VersionBuilder
from recommendations.training.train import Trainer
from recommendations.wiring import catalogue
from recommendations.wiring.answers import history_cache
from recommendations.wiring.configured import (
    config,
    digest,
    explainer,
    model_loader,
    model_store,
    queue,
    strategies,
)


def generator(chosen: ModelRef, top_n: int = 10, dry_run: bool = False, explain: bool = False) -> Generator:
    """Return what generates lists of top_n ahead, fitted to the catalogue as it is now."""
    fitted = catalogue.refreshed_pipelines(None)(chosen)
    order = GenerationOptions(
        strategy=chosen.strategy,
        # What fills up in place of a model must not be served once the model can be had.
        digest=digest(chosen) + ("!" if model_loader().lacks(chosen.strategy) else ""),
        top_n=top_n,
        explainer=explainer() if explain else None,
        dry_run=dry_run,
    )
    return Generator(Ranker(fitted, history_cache()), timezone.now, order)


def generator_pool(processes: int, chosen: ModelRef, top_n: int, dry_run: bool) -> ProcessPool:
    """Return what lets as many processes generate, each with a generator of its own."""
    return ProcessPool(processes, f"{__name__}:{generator.__name__}", (chosen, top_n, dry_run))


def recorded_run(order: RunParameters) -> AbstractContextManager[Progress]:
    """Return what records a run of this process. Raises GenerationUnderWay as it is entered."""
    return recorded(order, timezone.now)


def distributed_run(
    chosen: ModelRef, *, started_by: str, top_n: int = 10, a_shard: int = A_SHARD
) -> GenerationRun:
    """Return the row of a run for all shoppers that the workers have begun.

    Raises GenerationUnderWay, and QueueUnavailable where there are no workers.
    """
    queue().require()
    order = RunParameters(chosen.strategy, chosen.version, top_n, n_shoppers(), started_by)
    return ShardDistributor(_send_shard, timezone.now)(order, shopper_id_chunks(a_shard))


def recover_runs() -> list[int]:
    """Return the runs by workers of which nothing came for some minutes, whose shards were sent again."""
    return resend_silent_shards(_send_shard, timezone.now())


def shard_worker() -> ShardWorker:
    """Return what does a shard of a run."""
    return ShardWorker(_of_run, timezone.now)


@lru_cache(maxsize=1)
def _of_run(run_id: int, chosen: ModelRef, top_n: int) -> Generator:
    """Return the generator of a run, which all its shards in this process share."""
    return generator(chosen, top_n)


def _send_shard(run_id: int, number: int) -> None:
    queue().send("recommendations.shard", run_id, number)


def remove_old_rows() -> Removed:
    """Return how many rows, too old to be kept, are gone."""
    return retention.remove_old_rows(event_days=settings.EVENT_RETENTION_DAYS, now=timezone.now())


def evaluator(names: Iterable[str]) -> Evaluator:
    """Return what compares these strategies on the last days of the shop. Raises UnknownStrategy."""
    recipes = {name: config().strategy(name).make() for name in names}
    return Evaluator(_history, snapshot, recipes, config().events)


def trainer() -> Trainer:
    """Return what trains models on the shop as it is."""
    store, recipes = model_store(), strategies()
    return Trainer(
        config=config(),
        strategies=recipes,
        evaluate=lambda recipes: Evaluator(_history, snapshot, recipes, config().events),
        training=_everything,
        new_version=VersionBuilder(config(), recipes, store, timezone.now),
        remove=store.remove,
        problem=model_loader().problem,
        now=timezone.now,
    )


def _history() -> Log:
    """Return the shop's events up to the last plausible one. 2 queries."""
    return log(until=last_event_at())


def _everything() -> Training:
    """Return all that the shop knows at the moment of its last plausible event. 10 queries."""
    ends = last_event_at()
    return Training(replace(snapshot(), now=ends), log(until=ends), config().events)


SINGLETONS = (_of_run,)
