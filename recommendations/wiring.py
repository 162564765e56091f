"""Where settings become objects, and nowhere else. What a process keeps, `forget()` drops."""

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache, lru_cache

from django.conf import settings
from django.core.files.storage import InvalidStorageError, storages
from django.db import DatabaseError
from django.utils import timezone

from catalog.api.conditional import etag
from catalog.api.renderers import to_json
from observe import metrics
from recommendations.conf import Config
from recommendations.engine.actions import DAY
from recommendations.engine.log import no_events
from recommendations.engine.snapshot import Snapshot
from recommendations.errors import BadConfiguration
from recommendations.explainers.base import Explainer, Source
from recommendations.explainers.template import TemplateExplainer
from recommendations.models import GenerationRun
from recommendations.pipeline import Pipeline
from recommendations.selectors.logs import log
from recommendations.selectors.models import Standing, registered, standing
from recommendations.selectors.shoppers import n_shoppers, shopper_id_chunks, shoppers
from recommendations.selectors.snapshots import snapshot
from recommendations.selectors.states import state
from recommendations.services import retention
from recommendations.services.answering import Fresh
from recommendations.services.apart import Apart
from recommendations.services.distribute import A_SHARD, Distribute, tend
from recommendations.services.evaluate import Evaluate
from recommendations.services.explaining import Inline, Wording
from recommendations.services.fitted import Fitted, Recipes
from recommendations.services.generate import Generate, Order
from recommendations.services.kept import Kept
from recommendations.services.later import Later
from recommendations.services.live import Live
from recommendations.services.model_store import ModelStore
from recommendations.services.new_version import NewVersion
from recommendations.services.opened import Opened
from recommendations.services.placements import Placements
from recommendations.services.precomputed import Precomputed
from recommendations.services.queue import Queue
from recommendations.services.ranker import Ranker
from recommendations.services.ready import Ready
from recommendations.services.recorded_run import Progress, recorded
from recommendations.services.retention import Removed
from recommendations.services.runs import RunOrder
from recommendations.services.shards import DoShard
from recommendations.services.shelf import Chosen, Recommend
from recommendations.services.train import Train
from recommendations.services.writing import Write
from recommendations.strategies.base import Strategy, Training

logger = logging.getLogger(__name__)
_BEHAVIOUR = "collaborative"
_AT_ONCE = 10_000  # ids in one query


@cache
def config() -> Config:
    """Return the configuration. Raises BadConfiguration naming what is wrong."""
    return Config.of(settings.RECOMMENDATIONS)


@cache
def explainer() -> Explainer:
    made: Explainer = config().explainer.make()
    return made


def chosen(strategy: str | None = None) -> Chosen:
    """Return the named strategy, or that which answers by default, with the active version of its model.

    1 query, so that whatever was activated a moment ago answers in every process; none for a named strategy
    that is not trained ahead. Raises UnknownStrategy.
    """
    if strategy is not None:
        config().strategy(strategy)
        if not is_trained(strategy):
            return Chosen(strategy)
    return _settled(strategy, standing())


def _settled(strategy: str | None, now: Standing) -> Chosen:
    """Return what answers in that standing. strategy: a configured one, None for the default"""
    name = strategy or _configured(now.default)
    return Chosen(name, now.versions.get(name, "") if is_trained(name) else "")


def is_trained(strategy: str) -> bool:
    """Return whether the strategy's models are trained ahead."""
    return recipes().strategies[strategy].log_days is None


def lacks_model(chosen: Chosen) -> bool:
    """Return whether what fills up answers in place of the model that the strategy needs."""
    return is_trained(chosen.strategy) and (not chosen.version or opened().lacks(chosen.strategy))


@cache
def _configured(default: str | None) -> str:
    """Return the strategy that staff chose, or the setting's where it is none, or none that is configured."""
    if default in config().strategies:
        return str(default)
    if default is not None:
        logger.warning(
            "The default strategy %r is not configured; %s answers.", default, config().default_strategy
        )
    return config().default_strategy


def digest(chosen: Chosen) -> str:
    """Return what changes with all that a list depends on besides the shop: settings, code, model."""
    return config().digest(chosen.strategy) + chosen.version


def recommender(*, grounded: bool = False) -> Precomputed:
    """Return what answers an ask: from the stored list while it holds, else live. Never writes words."""
    return Precomputed(
        inner=live_recommender(),
        digest=digest,
        max_age_seconds=config().stored_list_max_age_seconds,
        now=timezone.now,
        grounded=grounded,
    )


@cache
def ready() -> Ready:
    """Return what answers a wish as JSON, and keeps such answers as a stored list gave."""
    max_bytes = config().answer_cache_bytes
    grounded = recommender(grounded=max_bytes > 0)
    inner = Fresh(grounded, wording(), to_json, etag, lacks_model)
    return Ready(inner, state=state, settled=_settled, is_young=grounded.is_young, max_bytes=max_bytes)


@cache
def wording() -> Wording:
    """Return what finds the words for a shelf: by workers where a model writes them and there are any."""
    made = explainer()
    if made.source is Source.TEMPLATE or settings.SYNC_EXPLANATIONS or not queue().is_there:
        return Inline(made)
    return Later(made, TemplateExplainer(), _send_text, timezone.now)


def write() -> Write:
    """Return what writes the texts that answers wait for."""
    ttl = timedelta(seconds=settings.EXPLANATION_TTL_SECONDS)
    return Write(explainer(), settings.EXPLANATION_DAILY_BUDGET, ttl, timezone.now)


def _send_text(digest: str) -> None:
    queue().send("recommendations.explanation", digest)


def live_recommender() -> Recommend:
    """Return what answers an ask from the shop as it is now, whatever was stored."""
    return Live(pipeline)


def placements() -> Placements:
    """Return what answers the placements besides each shopper's own list."""
    return Placements(pipeline, settings.TIME_ZONE)


def behaviour() -> Chosen | None:
    """Return the strategy `collaborative` with its active model, None where there is none. 1 query."""
    if _BEHAVIOUR not in config().strategies:
        return None
    found = chosen(_BEHAVIOUR)
    return found if found.version or not is_trained(_BEHAVIOUR) else None


def pipeline(chosen: Chosen) -> Pipeline:
    """Return the pipeline over the latest snapshot."""
    return _kept_fitted()()(chosen)


def generator(chosen: Chosen, top_n: int = 10, dry_run: bool = False, explain: bool = False) -> Generate:
    """Return what generates lists of top_n ahead, fitted to the catalogue as it is now."""
    fitted = _fitted(None)(chosen)
    order = Order(
        strategy=chosen.strategy,
        # What fills up in place of a model must not be served once the model can be had.
        digest=digest(chosen) + ("!" if opened().lacks(chosen.strategy) else ""),
        top_n=top_n,
        explainer=explainer() if explain else None,
        dry_run=dry_run,
    )
    return Generate(Ranker(fitted), timezone.now, order)


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


@cache
def queue() -> Queue:
    """Return what hands work to the workers."""
    return Queue(settings.CELERY_BROKER_URL)


def evaluator(names: Iterable[str]) -> Evaluate:
    """Return what compares these strategies on the last days of the shop. Raises UnknownStrategy."""
    recipes = {name: config().strategy(name).make() for name in names}
    return Evaluate(log, snapshot, recipes, config().events)


def trainer() -> Train:
    """Return what trains models on the shop as it is."""
    store, recipes = model_store(), _made()
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


def serve() -> None:
    """Build what the first request would wait for, and renew it in the background from now on.

    A server calls it once, as it starts. A database without tables is logged, and asked again at need.
    """
    global _in_background  # noqa: PLW0603  the one thing that tells a server from a command
    _in_background = True
    explainer()  # before the threads: two made at once would each allow as many calls as one may
    ready()  # and each keep as much
    try:
        pipeline(chosen())
    except DatabaseError as error:
        logger.warning("The catalogue cannot be read yet: %s", error)


def forget_user(user_id: int) -> None:
    """Drop all that this process keeps of that user."""
    ready().forget([user_id])


def forget_the_gone() -> None:
    """Drop all that this process keeps of users who are gone, whichever process erased them.

    Nobody would be given it; it should not even stay in memory. 1 query for ten thousand users.
    """
    kept = sorted(ready().user_ids())
    for start in range(0, len(kept), _AT_ONCE):
        ids = kept[start : start + _AT_ONCE]
        ready().forget(set(ids) - shoppers(ids).keys())


def forget() -> None:
    """Drop all that this process keeps, as if it had just started."""
    global _in_background  # noqa: PLW0603
    _in_background = False
    if _kept_fitted.cache_info().currsize:
        _kept_fitted().stop()
    for kept in (
        ready,
        wording,
        queue,
        _of_run,
        _kept_fitted,
        recipes,
        opened,
        _made,
        _configured,
        config,
        explainer,
    ):
        kept.cache_clear()


_in_background = False


@cache
def recipes() -> Recipes:
    """Return every configured strategy, and what opens their models."""
    return Recipes(_made(), opened())


@cache
def _made() -> Mapping[str, Strategy]:
    return {name: named.make() for name, named in config().strategies.items()}


@cache
def opened() -> Opened:
    """Return what opens the models of versions, and keeps them."""
    return Opened(model_store(), _made(), registered, config().digest)


def model_store() -> ModelStore:
    """Return where the files of models are. Raises BadConfiguration for a storage that does not exist."""
    name = config().model_storage
    try:
        return ModelStore(config().model_dir, storages[name] if name else None)
    except InvalidStorageError as error:
        raise BadConfiguration(f"MODEL_STORAGE is {name!r}: {error}") from error


@cache
def _kept_fitted() -> Kept[Fitted]:
    return Kept(_renewed, max_age_seconds=config().snapshot_max_age_seconds, in_background=_in_background)


def _renewed(former: Fitted | None) -> Fitted:
    began = time.time()
    fitted = _fitted(former)
    metrics.sink.snapshot_read(began)
    if _in_background:
        forget_the_gone()
    return fitted


def _fitted(former: Fitted | None) -> Fitted:
    """Return what is fitted to the shop as it is now; the former itself where nothing changed."""
    now = snapshot(former.snapshot if former else None)
    if former is None:
        return Fitted(now, _recent, recipes())
    if now is former.snapshot and not opened().is_lacking:
        return former
    return former.renewed(now)


def _recent(now: Snapshot, days: float) -> Training:
    """Return the snapshot with so many days of the log before it. 1 query; none for 0 days."""
    events = log(since=now.now - int(days * DAY)) if days else no_events()
    return Training(now, events, config().events)
