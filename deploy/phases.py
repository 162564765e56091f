"""The four phases of growing: which processes each consists of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Worker:
    """A Celery worker: its name, and the queues from which it takes work."""

    name: str
    queues: tuple[str, ...]
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Phase:
    """What runs. One web server alone has all the machine; of several, each is one process."""

    title: str
    web: tuple[str, ...] = ("web",)
    has_postgresql: bool = False
    has_cache: bool = False
    has_gateway: bool = False
    workers: tuple[Worker, ...] = ()

    @property
    def has_broker(self) -> bool:
        return bool(self.workers)


# How the service is told of the two Redis servers, which must not be one: the cache may forget.
CACHE_VARIABLE, BROKER_VARIABLE = "REDIS_URL", "CELERY_BROKER_URL"
BATCH, EXPLANATIONS = "batch", "explanations"
PHASES = {
    1: Phase("One server with SQLite"),
    2: Phase("One server with SQLite and a Redis cache", has_cache=True),
    3: Phase(
        "Two web servers behind nginx, PostgreSQL, Redis, background work",
        web=("web-1", "web-2"),
        has_postgresql=True,
        has_cache=True,
        has_gateway=True,
        workers=(Worker("worker", (BATCH, EXPLANATIONS), concurrency=2),),
    ),
    4: Phase(
        "Separate services: gateway, recommendations (web and batch), explanations",
        web=("recommendation-1", "recommendation-2"),
        has_postgresql=True,
        has_cache=True,
        has_gateway=True,
        workers=(Worker("batch", (BATCH,)), Worker("explanation", (EXPLANATIONS,))),
    ),
}
