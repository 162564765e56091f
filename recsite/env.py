"""Reads the environment, and is the only file that does: one frozen value for settings and server."""

import os
import re
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

from observe.logs import FORMATS
from recsite.databases import POSTGRESQL
from recsite.derived import for_tokens
from recsite.rates import Rates, rates
from recsite.variables import Variables, from_file

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DAY = 24 * 60 * 60
REDIS = re.compile(r"(redis|rediss|unix)://[^\s]+")
BROKER = re.compile(r"(redis|rediss|amqp|amqps)://[^\s/]+")
RATE = re.compile(r"[1-9][0-9]{0,5}/[smh]")
SHORTEST_TOKEN = 16
SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Environment:
    """Every variable that the project reads; `.env.example` says what each means."""

    secret_key: str = field(repr=False)
    secret_key_fallbacks: list[str] = field(repr=False)
    jwt_signing_key: str = field(repr=False)
    jwt_verifying_keys: list[str] = field(repr=False)
    debug: bool
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    cors_allowed_origins: list[str]
    database: dict[str, Any] = field(repr=False)
    db_pool_min_size: int
    db_pool_max_size: int
    db_pool_timeout_seconds: float
    time_zone: str
    log_level: str
    log_format: str
    metrics: bool
    metrics_token: str = field(repr=False)
    metrics_dir: str
    worker_metrics_port: int
    sentry_dsn: str = field(repr=False)
    otlp_endpoint: str = field(repr=False)
    api_open_reads: bool
    throttle_rates: Rates
    secure_ssl_redirect: bool
    secure_hsts_seconds: int
    trust_proxy_https: bool
    trusted_proxies: int
    login_failures: int
    login_locked_seconds: int
    default_strategy: str
    model_dir: str
    model_storage: str
    snapshot_max_age_seconds: float
    stored_list_max_age_seconds: float
    answer_cache_mib: int
    result_cache_seconds: float
    redis_url: str = field(repr=False)
    openai_api_key: str = field(repr=False)
    openai_api_key_2: str = field(repr=False)
    openai_base_url: str
    openai_model: str
    openai_timeout_seconds: float
    openai_max_concurrent: int
    celery_broker_url: str = field(repr=False)
    event_retention_days: int
    sync_explanations: bool
    explanation_rate: str
    explanation_daily_budget: int
    explanation_ttl_seconds: float
    openai_prompt_price: float
    openai_completion_price: float
    host: str
    port: int
    web_workers: int
    web_threads: int

    def __post_init__(self) -> None:
        strangers = [host for host in self.allowed_hosts if host not in LOOPBACK]
        if self.api_open_reads and (strangers or not self.allowed_hosts):
            raise ImproperlyConfigured(
                f"API_OPEN_READS=true lets anybody read the API, so ALLOWED_HOSTS may hold only "
                f"{', '.join(sorted(LOOPBACK))}; it holds {', '.join(strangers) or 'nothing'}. "
                f"Set API_OPEN_READS=false, or ALLOWED_HOSTS=localhost,127.0.0.1,[::1]."
            )
        for name, value, least, most in (
            ("DB_POOL_MIN_SIZE", self.db_pool_min_size, 0, 1000),
            ("DB_POOL_MAX_SIZE", self.db_pool_max_size, 1, 1004),
            ("DB_POOL_TIMEOUT_SECONDS", self.db_pool_timeout_seconds, 0.001, 600),
            ("SNAPSHOT_MAX_AGE_SECONDS", self.snapshot_max_age_seconds, 0.001, DAY),
            ("STORED_LIST_MAX_AGE", self.stored_list_max_age_seconds, 0, 3650 * DAY),
            ("ANSWER_CACHE_MIB", self.answer_cache_mib, 0, 65_536),
            ("RESULT_CACHE_SECONDS", self.result_cache_seconds, 0, DAY),
            ("TRUSTED_PROXIES", self.trusted_proxies, 0, 10),
            ("LOGIN_FAILURES", self.login_failures, 1, 1000),
            ("LOGIN_LOCKED_SECONDS", self.login_locked_seconds, 1, DAY),
            ("SECURE_HSTS_SECONDS", self.secure_hsts_seconds, 0, 3650 * DAY),
            ("OPENAI_TIMEOUT_SECONDS", self.openai_timeout_seconds, 0.001, 600),
            ("OPENAI_MAX_CONCURRENT", self.openai_max_concurrent, 1, 1000),
            ("EVENT_RETENTION_DAYS", self.event_retention_days, 0, 36_500),
            ("EXPLANATION_DAILY_BUDGET", self.explanation_daily_budget, 0, 1_000_000_000),
            ("EXPLANATION_TTL", self.explanation_ttl_seconds, 1, 3650 * DAY),
            ("OPENAI_PROMPT_PRICE", self.openai_prompt_price, 0, 1_000_000),
            ("OPENAI_COMPLETION_PRICE", self.openai_completion_price, 0, 1_000_000),
            ("PORT", self.port, 1, 65_535),
            ("WORKER_METRICS_PORT", self.worker_metrics_port, 0, 65_535),
            ("WEB_WORKERS", self.web_workers, 1, 1000),
            ("WEB_THREADS", self.web_threads, 1, 1002),
        ):
            if not least <= value <= most:
                raise ImproperlyConfigured(f"{name} is {value}; it must be from {least} to {most}.")
        self._refuse_short_keys()
        if self.db_pool_min_size > self.db_pool_max_size:
            raise ImproperlyConfigured(
                f"DB_POOL_MIN_SIZE is {self.db_pool_min_size}, more than DB_POOL_MAX_SIZE, which is "
                f"{self.db_pool_max_size}."
            )
        if self.database["ENGINE"] == POSTGRESQL and self.db_pool_max_size <= self.web_threads:
            raise ImproperlyConfigured(
                f"DB_POOL_MAX_SIZE is {self.db_pool_max_size}, but {self.web_threads} threads answer "
                f"(WEB_THREADS) and one more renews the catalogue, so that some would wait for a connection. "
                f"Leave DB_POOL_MAX_SIZE out, or set it to {self.web_threads + 2}."
            )
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            raise ImproperlyConfigured(
                "TIME_ZONE must be the name of a time zone, such as Europe/Paris."
            ) from None
        if self.redis_url and not REDIS.fullmatch(self.redis_url):
            raise ImproperlyConfigured(
                "REDIS_URL must be the address of a Redis, such as redis://127.0.0.1:6379/0."
            )
        if self.celery_broker_url and not BROKER.match(self.celery_broker_url):
            raise ImproperlyConfigured(
                "CELERY_BROKER_URL must be the address of a broker, such as redis://127.0.0.1:6379/1."
            )
        if not RATE.fullmatch(self.explanation_rate):
            raise ImproperlyConfigured(
                "EXPLANATION_RATE must read like 60/m: how many a second (s), minute (m) or hour (h)."
            )
        if self.log_level not in LOG_LEVELS:
            raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")
        self._refuse_what_tells_nobody()
        if self.openai_api_key_2 and not self.openai_api_key:
            raise ImproperlyConfigured("OPENAI_API_KEY_2 is tried after OPENAI_API_KEY, which is not set.")
        if self.openai_api_key and self.web_threads <= self.openai_max_concurrent:
            raise ImproperlyConfigured(
                f"WEB_THREADS is {self.web_threads}, but {self.openai_max_concurrent} threads may wait for a "
                f"model (OPENAI_MAX_CONCURRENT), so that none would be left to answer anybody else. "
                f"Leave WEB_THREADS out, or set it to {self.openai_max_concurrent + 2}."
            )

    def _refuse_what_tells_nobody(self) -> None:
        """Raise ImproperlyConfigured for logs, metrics, errors or traces that could reach nobody."""
        for name, address, package in (
            ("SENTRY_DSN", self.sentry_dsn, "sentry_sdk"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.otlp_endpoint, "opentelemetry"),
        ):
            if address and not address.startswith(("http://", "https://")):
                raise ImproperlyConfigured(f"{name} must be an address that begins with https:// or http://.")
            if address and not find_spec(package):
                raise ImproperlyConfigured(
                    f"{name} is set, which needs packages besides those of requirements.txt: "
                    f"pip install --require-hashes -r requirements-observe.txt"
                )
        if self.metrics_token and len(self.metrics_token) < SHORTEST_TOKEN:
            raise ImproperlyConfigured(f"METRICS_TOKEN must have {SHORTEST_TOKEN} characters or more.")
        if self.log_format not in FORMATS:
            raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}.")

    def _refuse_short_keys(self) -> None:
        for name, keys in (
            ("JWT_SIGNING_KEY", [self.jwt_signing_key]),
            ("JWT_VERIFYING_KEYS", self.jwt_verifying_keys),
        ):
            if any(len(key) < SHORTEST_KEY for key in keys):
                raise ImproperlyConfigured(f"{name}: each key must have {SHORTEST_KEY} characters or more.")

    @property
    def secrets(self) -> list[str]:
        """What must never be seen in a log, whatever it stands in."""
        return [
            *(self.secret_key, *self.secret_key_fallbacks),
            *(self.jwt_signing_key, *self.jwt_verifying_keys),
            *(self.openai_api_key, self.openai_api_key_2),
            self.metrics_token,
            str(self.database.get("PASSWORD", "")),
        ]


def read() -> Environment:
    """Return the environment, completed by the file ENV_FILE (default: .env beside manage.py).

    Raises ImproperlyConfigured, naming the variable, when one is missing or cannot be read.
    """
    named, default = os.environ.get("ENV_FILE"), ROOT / ".env"
    file = from_file(Path(named) if named else default) if named or default.exists() else {}
    env = Variables({**file, **os.environ})
    secret_key = env.str("SECRET_KEY", default="")
    if not secret_key:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Give it 50 or more random characters in the environment or in .env "
            "(`make demo` writes a .env with a fresh one)."
        )
    fallbacks = env.list("SECRET_KEY_FALLBACKS", default=[])
    signing_key = env.str("JWT_SIGNING_KEY", default="")
    verifying_keys = env.list("JWT_VERIFYING_KEYS", default=[])
    if not signing_key:
        signing_key, *older = [for_tokens(key) for key in (secret_key, *fallbacks)]
        verifying_keys += older
    openai_api_key = env.str("OPENAI_API_KEY", default="")
    open_reads = env.bool("API_OPEN_READS", default=False)
    openai_max_concurrent = env.int("OPENAI_MAX_CONCURRENT", default=4)
    # A model that writes slowly holds a thread for its whole time-out; the spare threads keep answering.
    web_threads = env.int("WEB_THREADS", default=openai_max_concurrent + 2 if openai_api_key else 1)
    return Environment(
        secret_key=secret_key,
        secret_key_fallbacks=fallbacks,
        jwt_signing_key=signing_key,
        jwt_verifying_keys=verifying_keys,
        debug=env.bool("DEBUG", default=False),
        allowed_hosts=env.list("ALLOWED_HOSTS", default=[]),
        csrf_trusted_origins=env.list("CSRF_TRUSTED_ORIGINS", default=[]),
        cors_allowed_origins=env.list("CORS_ALLOWED_ORIGINS", default=[]),
        database=env.db_url("DATABASE_URL", default=f"sqlite:///{quote(str(ROOT / 'db.sqlite3'))}"),
        db_pool_min_size=env.int("DB_POOL_MIN_SIZE", default=1),
        db_pool_max_size=env.int("DB_POOL_MAX_SIZE", default=web_threads + 2),
        db_pool_timeout_seconds=env.float("DB_POOL_TIMEOUT_SECONDS", default=1.0),
        time_zone=env.str("TIME_ZONE", default="UTC"),
        log_level=env.str("LOG_LEVEL", default="INFO").upper(),
        log_format=env.str("LOG_FORMAT", default="line" if sys.stderr.isatty() else "json").lower(),
        metrics=env.bool("METRICS", default=True),
        metrics_token=env.str("METRICS_TOKEN", default=""),
        sentry_dsn=env.str("SENTRY_DSN", default=""),
        otlp_endpoint=env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default=""),
        worker_metrics_port=env.int("WORKER_METRICS_PORT", default=0),
        metrics_dir=env.str("PROMETHEUS_MULTIPROC_DIR", default=""),
        api_open_reads=open_reads,
        throttle_rates=rates(env.list("THROTTLE_RATES", default=[]), open_reads=open_reads),
        secure_ssl_redirect=env.bool("SECURE_SSL_REDIRECT", default=True),
        secure_hsts_seconds=env.int("SECURE_HSTS_SECONDS", default=365 * DAY),
        trust_proxy_https=env.bool("TRUST_PROXY_HTTPS", default=False),
        trusted_proxies=env.int("TRUSTED_PROXIES", default=0),
        login_failures=env.int("LOGIN_FAILURES", default=5),
        login_locked_seconds=env.int("LOGIN_LOCKED_SECONDS", default=900),
        default_strategy=env.str("DEFAULT_STRATEGY", default="content"),
        model_dir=env.str("MODEL_DIR", default=str(ROOT / "trained_models")),
        model_storage=env.str("MODEL_STORAGE", default=""),
        snapshot_max_age_seconds=env.float("SNAPSHOT_MAX_AGE_SECONDS", default=60.0),
        stored_list_max_age_seconds=env.float("STORED_LIST_MAX_AGE", default=float(DAY)),
        answer_cache_mib=env.int("ANSWER_CACHE_MIB", default=64),
        result_cache_seconds=env.float("RESULT_CACHE_SECONDS", default=300.0),
        redis_url=env.str("REDIS_URL", default=""),
        openai_api_key=openai_api_key,
        openai_api_key_2=env.str("OPENAI_API_KEY_2", default=""),
        openai_base_url=env.str("OPENAI_BASE_URL", default="https://api.openai.com/v1"),
        openai_model=env.str("OPENAI_MODEL", default="gpt-3.5-turbo"),
        openai_timeout_seconds=env.float("OPENAI_TIMEOUT_SECONDS", default=5.0),
        openai_max_concurrent=openai_max_concurrent,
        celery_broker_url=env.str("CELERY_BROKER_URL", default=""),
        event_retention_days=env.int("EVENT_RETENTION_DAYS", default=0),
        sync_explanations=env.bool("SYNC_EXPLANATIONS", default=False),
        explanation_rate=env.str("EXPLANATION_RATE", default="60/m"),
        explanation_daily_budget=env.int("EXPLANATION_DAILY_BUDGET", default=0),
        explanation_ttl_seconds=env.float("EXPLANATION_TTL", default=7.0 * DAY),
        openai_prompt_price=env.float("OPENAI_PROMPT_PRICE", default=0.0),
        openai_completion_price=env.float("OPENAI_COMPLETION_PRICE", default=0.0),
        host=env.str("HOST", default="127.0.0.1"),
        port=env.int("PORT", default=8000),
        web_workers=env.int("WEB_WORKERS", default=2),
        web_threads=web_threads,
    )


def hand_on(name: str, value: str) -> None:
    """This process has the variable from here on, and so has whatever it starts or becomes."""
    os.environ[name] = value
