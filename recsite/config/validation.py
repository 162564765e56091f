"""What the environment may not say: numbers out of bounds, addresses that are none, and contradictions."""

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

from observe.logs import FORMATS
from recsite.config.databases import POSTGRESQL

if TYPE_CHECKING:
    from recsite.config.env import Environment

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DAY = 24 * 60 * 60
REDIS = re.compile(r"(redis|rediss|unix)://[^\s]+")
BROKER = re.compile(r"(redis|rediss|amqp|amqps)://[^\s/]+")
RATE = re.compile(r"[1-9][0-9]{0,5}/[smh]")
SHORTEST_TOKEN = 16
SHORTEST_KEY = 32


def refuse(env: "Environment") -> None:
    """Return when everything fits together. Raises ImproperlyConfigured naming the variable that does not."""
    for check in (
        _refuse_open_doors,
        _refuse_out_of_bounds,
        _refuse_short_keys,
        _refuse_too_few_connections,
        _refuse_what_nobody_understands,
        _refuse_what_tells_nobody,
        _refuse_waiting_threads,
    ):
        check(env)


def _refuse_open_doors(env: "Environment") -> None:
    strangers = [host for host in env.allowed_hosts if host not in LOOPBACK]
    if env.api_open_reads and (strangers or not env.allowed_hosts):
        raise ImproperlyConfigured(
            f"API_OPEN_READS=true lets anybody read the API, so ALLOWED_HOSTS may hold only "
            f"{', '.join(sorted(LOOPBACK))}; it holds {', '.join(strangers) or 'nothing'}. "
            f"Set API_OPEN_READS=false, or ALLOWED_HOSTS=localhost,127.0.0.1,[::1]."
        )


def _refuse_out_of_bounds(env: "Environment") -> None:
    for name, value, least, most in (
        ("DB_POOL_MIN_SIZE", env.db_pool_min_size, 0, 1000),
        ("DB_POOL_MAX_SIZE", env.db_pool_max_size, 1, 1004),
        ("DB_POOL_TIMEOUT_SECONDS", env.db_pool_timeout_seconds, 0.001, 600),
        ("SNAPSHOT_MAX_AGE_SECONDS", env.snapshot_max_age_seconds, 0.001, DAY),
        ("STORED_LIST_MAX_AGE", env.stored_list_max_age_seconds, 0, 3650 * DAY),
        ("ANSWER_CACHE_MIB", env.answer_cache_mib, 0, 65_536),
        ("RESULT_CACHE_SECONDS", env.result_cache_seconds, 0, DAY),
        ("TRUSTED_PROXIES", env.trusted_proxies, 0, 10),
        ("LOGIN_FAILURES", env.login_failures, 1, 1000),
        ("LOGIN_LOCKED_SECONDS", env.login_locked_seconds, 1, DAY),
        ("SECURE_HSTS_SECONDS", env.secure_hsts_seconds, 0, 3650 * DAY),
        ("OPENAI_TIMEOUT_SECONDS", env.openai_timeout_seconds, 0.001, 600),
        ("OPENAI_MAX_CONCURRENT", env.openai_max_concurrent, 1, 1000),
        ("EVENT_RETENTION_DAYS", env.event_retention_days, 0, 36_500),
        ("EXPLANATION_DAILY_BUDGET", env.explanation_daily_budget, 0, 1_000_000_000),
        ("EXPLANATION_TTL", env.explanation_ttl_seconds, 1, 3650 * DAY),
        ("OPENAI_PROMPT_PRICE", env.openai_prompt_price, 0, 1_000_000),
        ("OPENAI_COMPLETION_PRICE", env.openai_completion_price, 0, 1_000_000),
        ("PORT", env.port, 1, 65_535),
        ("WORKER_METRICS_PORT", env.worker_metrics_port, 0, 65_535),
        ("WEB_WORKERS", env.web_workers, 1, 1000),
        ("WEB_THREADS", env.web_threads, 1, 1002),
    ):
        if not least <= value <= most:
            raise ImproperlyConfigured(f"{name} is {value}; it must be from {least} to {most}.")


def _refuse_short_keys(env: "Environment") -> None:
    for name, keys in (
        ("JWT_SIGNING_KEY", [env.jwt_signing_key]),
        ("JWT_VERIFYING_KEYS", env.jwt_verifying_keys),
    ):
        if any(len(key) < SHORTEST_KEY for key in keys):
            raise ImproperlyConfigured(f"{name}: each key must have {SHORTEST_KEY} characters or more.")


def _refuse_too_few_connections(env: "Environment") -> None:
    if env.db_pool_min_size > env.db_pool_max_size:
        raise ImproperlyConfigured(
            f"DB_POOL_MIN_SIZE is {env.db_pool_min_size}, more than DB_POOL_MAX_SIZE, which is "
            f"{env.db_pool_max_size}."
        )
    if env.database["ENGINE"] == POSTGRESQL and env.db_pool_max_size <= env.web_threads:
        raise ImproperlyConfigured(
            f"DB_POOL_MAX_SIZE is {env.db_pool_max_size}, but {env.web_threads} threads answer "
            f"(WEB_THREADS) and one more renews the catalogue, so that some would wait for a connection. "
            f"Leave DB_POOL_MAX_SIZE out, or set it to {env.web_threads + 2}."
        )


def _refuse_what_nobody_understands(env: "Environment") -> None:
    try:
        ZoneInfo(env.time_zone)
    except (KeyError, ValueError, OSError):
        raise ImproperlyConfigured(
            "TIME_ZONE must be the name of a time zone, such as Europe/Paris."
        ) from None
    if env.redis_url and not REDIS.fullmatch(env.redis_url):
        raise ImproperlyConfigured(
            "REDIS_URL must be the address of a Redis, such as redis://127.0.0.1:6379/0."
        )
    if env.celery_broker_url and not BROKER.match(env.celery_broker_url):
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL must be the address of a broker, such as redis://127.0.0.1:6379/1."
        )
    if not RATE.fullmatch(env.explanation_rate):
        raise ImproperlyConfigured(
            "EXPLANATION_RATE must read like 60/m: how many a second (s), minute (m) or hour (h)."
        )
    if env.log_level not in LOG_LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")


def _refuse_what_tells_nobody(env: "Environment") -> None:
    """Raise ImproperlyConfigured for logs, metrics, errors or traces that could reach nobody."""
    for name, address, package in (
        ("SENTRY_DSN", env.sentry_dsn, "sentry_sdk"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", env.otlp_endpoint, "opentelemetry"),
    ):
        if address and not address.startswith(("http://", "https://")):
            raise ImproperlyConfigured(f"{name} must be an address that begins with https:// or http://.")
        if address and not find_spec(package):
            raise ImproperlyConfigured(
                f"{name} is set, which needs packages besides those of requirements.txt: "
                f"pip install --require-hashes -r requirements-observe.txt"
            )
    if env.metrics_token and len(env.metrics_token) < SHORTEST_TOKEN:
        raise ImproperlyConfigured(f"METRICS_TOKEN must have {SHORTEST_TOKEN} characters or more.")
    if env.log_format not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}.")


def _refuse_waiting_threads(env: "Environment") -> None:
    if env.openai_api_key_2 and not env.openai_api_key:
        raise ImproperlyConfigured("OPENAI_API_KEY_2 is tried after OPENAI_API_KEY, which is not set.")
    if env.openai_api_key and env.web_threads <= env.openai_max_concurrent:
        raise ImproperlyConfigured(
            f"WEB_THREADS is {env.web_threads}, but {env.openai_max_concurrent} threads may wait for a "
            f"model (OPENAI_MAX_CONCURRENT), so that none would be left to answer anybody else. "
            f"Leave WEB_THREADS out, or set it to {env.openai_max_concurrent + 2}."
        )
