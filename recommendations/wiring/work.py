"""Builds what runs outside requests: generation of lists, training, evaluation, retention."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from recommendations.batch import retention
from recommendations.batch.distribute import SHARD_SIZE, ShardDistributor, resend_silent_shards
from recommendations.batch.generate import GenerationOptions, Generator
from recommendations.batch.recorded_run import Progress, record_run
from recommendations.batch.retention import Removed
from recommendations.batch.runs import RunParameters
from recommendations.batch.shards import ShardWorker
from recommendations.engine.log import Log
from recommendations.engine.snapshot import Snapshot
from recommendations.evaluation.evaluate import Evaluator
from recommendations.explainers.model_news import ModelNews
from recommendations.explaining.news import store_news
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
    explainer,
    language_model,
    model_loader,
    model_store,
    queue,
    strategies,
)
from recommendations.wiring.state import digest


def generator(model: ModelRef, top_n: int = 10, dry_run: bool = False, explain: bool = False) -> Generator:
    """Return the generator of stored lists of top_n products, over the catalogue as it is now."""
    pipeline = catalogue.load_pipelines()(model)
    options = GenerationOptions(
        strategy=model.strategy,
        # Lists made by fillers in place of a model are not valid any more once the model can be loaded.
        digest=digest(model) + ("!" if model_loader().lacks(model.strategy) else ""),
        top_n=top_n,
        explainer=explainer() if explain else None,
        dry_run=dry_run,
    )
    return Generator(Ranker(pipeline), history_cache(), timezone.now, options)


def generator_pool(processes: int, model: ModelRef, top_n: int, dry_run: bool) -> ProcessPool:
    """Return a pool of processes, each with its own generator."""
    return ProcessPool(processes, f"{__name__}:{generator.__name__}", (model, top_n, dry_run))


def recorded_run(parameters: RunParameters) -> AbstractContextManager[Progress]:
    """Return a context that records a run of this process. Raises GenerationUnderWay when it is entered."""
    return record_run(parameters, timezone.now)


def distributed_run(
    model: ModelRef, *, started_by: str, top_n: int = 10, a_shard: int = SHARD_SIZE
) -> GenerationRun:
    """Start a run for all shoppers in the workers, and return its row.

    Raises GenerationUnderWay if another run is active, and QueueUnavailable without a queue.
    """
    queue().require()
    parameters = RunParameters(model.strategy, model.version, top_n, n_shoppers(), started_by)
    return ShardDistributor(_send_shard, timezone.now)(parameters, shopper_id_chunks(a_shard))


def recover_runs() -> list[int]:
    """Send the shards of silent runs to the workers again. Return the ids of these runs."""
    return resend_silent_shards(_send_shard, timezone.now())


def shard_worker() -> ShardWorker:
    """Return the worker that generates the lists of a shard."""
    return ShardWorker(_run_generator, timezone.now)


@lru_cache(maxsize=1)
def _run_generator(run_id: int, model: ModelRef, top_n: int) -> Generator:
    """Return the generator of a run, shared by all of its shards in this process."""
    return generator(model, top_n)


def _send_shard(run_id: int, number: int) -> None:
    queue().send("recommendations.shard", run_id, number)


def remove_old_rows() -> Removed:
    """Delete rows older than their retention period. Return how many were deleted, by kind."""
    return retention.remove_old_rows(event_days=settings.EVENT_RETENTION_DAYS, now=timezone.now())


def check_language_model() -> tuple[ModelNews, ...]:
    """Ask the language model's server for its models, and store and return what it says.

    Returns nothing if no language model is configured. Raises ChatUnavailable.
    """
    configured = language_model()
    found = configured.model_news() if configured is not None else ()
    store_news(found, timezone.now())
    return found


def evaluator(names: Iterable[str]) -> Evaluator:
    """Return the evaluator of these strategies on the last days of the shop. Raises UnknownStrategy."""
    compared = {name: config().strategy(name).make() for name in names}
    return Evaluator(_history, _snapshot, compared, config().events)


def trainer() -> Trainer:
    """Return the trainer of models on the shop as it is now."""
    store, configured = model_store(), strategies()
    return Trainer(
        config=config(),
        strategies=configured,
        evaluate=lambda compared: Evaluator(_history, _snapshot, compared, config().events),
        training=_training,
        new_version=VersionBuilder(config(), configured, store, timezone.now),
        remove=store.remove,
        problem=model_loader().problem,
        now=timezone.now,
    )


def _snapshot() -> Snapshot:
    return snapshot(counts_repeats=config().events.counts_repeats)


def _history() -> Log:
    """Return the events up to the last plausible one. 2 queries."""
    return log(until=last_event_at())


def _training() -> Training:
    """Return the catalogue and all events at the time of the last plausible event. 10 queries."""
    ends = last_event_at()
    return Training(replace(_snapshot(), now=ends), log(until=ends), config().events)


SINGLETONS = (_run_generator,)
