"""The four phases of a growing deployment, and the processes of each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Worker:
    """A Celery worker: its name, the queues that it consumes, and how many processes it has."""

    name: str
    queues: tuple[str, ...]
    concurrency: int = 1


@dataclass(frozen=True, slots=True)
class Phase:
    """The parts of a deployment. A single web server has two processes; several have one each."""

    title: str
    web: tuple[str, ...] = ("web",)
    has_postgresql: bool = False
    has_cache: bool = False
    has_gateway: bool = False
    workers: tuple[Worker, ...] = ()

    @property
    def has_broker(self) -> bool:
        return bool(self.workers)


# The variables that name the two Redis servers. They must differ: the cache may evict, the broker may not.
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
