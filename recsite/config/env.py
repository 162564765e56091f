"""The environment, read in this file only, as one frozen value for the settings and the server."""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from recsite.config.derived_keys import for_tokens
from recsite.config.insecure import MIN_KEY_LENGTH, secrets_in_query
from recsite.config.throttle_rates import Rates, rates
from recsite.config.validation import DAY, validate
from recsite.config.variables import Variables, read_file, unknown

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables that the project reads. `.env.example` describes them."""

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
    db_prepared_statements: bool
    database_timeout_seconds: float
    time_zone: str
    currency: str
    create_unknown: bool
    log_level: str
    log_format: str
    allow_weak_keys: bool
    allow_any_host: bool
    allow_plain_http_model: bool
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
    script_name: str
    login_failures: int
    login_locked_seconds: int
    default_strategy: str
    popularity: str
    model_dir: str
    model_storage: str
    stored_list_max_age_seconds: float
    answer_cache_mib: int
    result_cache_seconds: float
    redis_url: str = field(repr=False)
    openai_api_key: str = field(repr=False)
    openai_api_key_2: str = field(repr=False)
    openai_base_url: str = field(repr=False)
    openai_model: str
    openai_reasoning_effort: str
    openai_temperature: float
    openai_max_tokens: int
    openai_timeout_seconds: float
    openai_rest_seconds: float
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
    request_body_seconds: float
    unknown_variables: dict[str, str]  # of the file: the nearest known name of each, "" for none

    def __post_init__(self) -> None:
        validate(self)

    @property
    def secrets(self) -> list[str]:
        """The values that logs must not contain."""
        return [
            *(self.secret_key, *self.secret_key_fallbacks),
            *(self.jwt_signing_key, *self.jwt_verifying_keys),
            *(self.openai_api_key, self.openai_api_key_2),
            *secrets_in_query(self.openai_base_url),
            self.metrics_token,
            str(self.database.get("PASSWORD", "")),
            *[urlsplit(address).password or "" for address in (self.redis_url, self.celery_broker_url)],
            urlsplit(self.sentry_dsn).username or "",
        ]


def env_file() -> Path | None:
    """Return the file that ENV_FILE names, else .env next to manage.py, else None if there is none."""
    if named := os.environ.get("ENV_FILE"):
        return Path(named)
    default = ROOT / ".env"
    return default if default.exists() else None


def read() -> Environment:
    """Return the environment, completed by the file ENV_FILE (default: .env next to manage.py).

    Raises ImproperlyConfigured, naming the variable, if one is missing or invalid.
    """
    path = env_file()
    in_file = read_file(path) if path else {}
    env = Variables({**in_file, **os.environ})
    secret_key = env.str("SECRET_KEY", default="")
    if not secret_key:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set. Set it to {MIN_KEY_LENGTH} or more random characters in the "
            f"environment or in .env (`make demo` writes a .env with a new key)."
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
    # A slow model occupies a thread for its whole timeout. The spare threads handle other requests.
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
        db_prepared_statements=env.bool("DB_PREPARED_STATEMENTS", default=True),
        database_timeout_seconds=env.float("DATABASE_TIMEOUT_SECONDS", default=5.0),
        time_zone=env.str("TIME_ZONE", default="UTC"),
        currency=env.str("CURRENCY", default="GBP").upper(),
        create_unknown=env.bool("CREATE_UNKNOWN", default=False),
        log_level=env.str("LOG_LEVEL", default="INFO").upper(),
        log_format=env.str("LOG_FORMAT", default="line" if sys.stderr.isatty() else "json").lower(),
        allow_weak_keys=env.bool("ALLOW_WEAK_KEYS", default=False),
        allow_any_host=env.bool("ALLOW_ANY_HOST", default=False),
        allow_plain_http_model=env.bool("ALLOW_PLAIN_HTTP_MODEL", default=False),
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
        script_name=env.str("FORCE_SCRIPT_NAME", default="").rstrip("/"),
        login_failures=env.int("LOGIN_FAILURES", default=5),
        login_locked_seconds=env.int("LOGIN_LOCKED_SECONDS", default=900),
        default_strategy=env.str("DEFAULT_STRATEGY", default="content"),
        popularity=env.str("POPULARITY", default="shoppers").lower(),
        model_dir=env.str("MODEL_DIR", default=str(ROOT / "trained_models")),
        model_storage=env.str("MODEL_STORAGE", default=""),
        stored_list_max_age_seconds=env.float("STORED_LIST_MAX_AGE", default=float(DAY)),
        answer_cache_mib=env.int("ANSWER_CACHE_MIB", default=24),
        result_cache_seconds=env.float("RESULT_CACHE_SECONDS", default=300.0),
        redis_url=env.str("REDIS_URL", default=""),
        openai_api_key=openai_api_key,
        openai_api_key_2=env.str("OPENAI_API_KEY_2", default=""),
        openai_base_url=env.str("OPENAI_BASE_URL", default="https://api.openai.com/v1"),
        openai_model=env.str("OPENAI_MODEL", default="gpt-3.5-turbo"),
        openai_reasoning_effort=env.str("OPENAI_REASONING_EFFORT", default="").lower(),
        openai_temperature=env.float("OPENAI_TEMPERATURE", default=0.7),
        openai_max_tokens=env.int("OPENAI_MAX_TOKENS", default=150),
        openai_rest_seconds=env.float("OPENAI_REST_SECONDS", default=30.0),
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
        request_body_seconds=env.float("REQUEST_BODY_SECONDS", default=10.0),
        unknown_variables=unknown(in_file, env.names),  # the last one, when all others were asked for
    )


def set_variable(name: str, value: str) -> None:
    """Set the variable for this process and the processes that it starts or becomes."""
    os.environ[name] = value
