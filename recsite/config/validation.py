"""Validation of the environment: bounds of numbers, formats, and variables that contradict each other."""

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

from observe.logs import FORMATS
from recsite.config.databases import POSTGRESQL
from recsite.config.insecure import MIN_TOKEN_LENGTH, refuse_insecure

if TYPE_CHECKING:
    from recsite.config.env import Environment

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
POPULARITY = ("shoppers", "interactions")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DAY = 24 * 60 * 60
REDIS = re.compile(r"(redis|rediss|unix)://[^\s]+")
BROKER = re.compile(r"(redis|rediss|amqp|amqps)://[^\s/]+")
# ISO 4217, without funds, metals and codes for tests.
_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
RATE = re.compile(r"[1-9][0-9]{0,5}/[smh]")

_SCRIPT_NAME = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def validate(env: "Environment") -> None:
    """Raise ImproperlyConfigured, naming the variable, if a value is invalid or contradicts another one."""
    for check in (
        _check_open_reads,
        _check_bounds,
        _check_pool_size,
        _check_formats,
        _check_observability,
        _check_spare_threads,
        refuse_insecure,
    ):
        check(env)


def _check_open_reads(env: "Environment") -> None:
    public = [host for host in env.allowed_hosts if host not in LOOPBACK]
    if env.api_open_reads and (public or not env.allowed_hosts):
        raise ImproperlyConfigured(
            f"API_OPEN_READS=true lets anyone read the API, so ALLOWED_HOSTS may only contain "
            f"{', '.join(sorted(LOOPBACK))}. It contains {', '.join(public) or 'nothing'}. "
            f"Set API_OPEN_READS=false, or ALLOWED_HOSTS=localhost,127.0.0.1,[::1]."
        )


def _check_bounds(env: "Environment") -> None:
    for name, value, low, high in (
        ("DB_POOL_MIN_SIZE", env.db_pool_min_size, 0, 1000),
        ("DB_POOL_MAX_SIZE", env.db_pool_max_size, 1, 1004),
        ("DB_POOL_TIMEOUT_SECONDS", env.db_pool_timeout_seconds, 0.001, 600),
        ("DATABASE_TIMEOUT_SECONDS", env.database_timeout_seconds, 1, 600),
        ("STORED_LIST_MAX_AGE", env.stored_list_max_age_seconds, 0, 3650 * DAY),
        ("ANSWER_CACHE_MIB", env.answer_cache_mib, 0, 65_536),
        ("RESULT_CACHE_SECONDS", env.result_cache_seconds, 0, DAY),
        ("TRUSTED_PROXIES", env.trusted_proxies, 0, 10),
        ("LOGIN_FAILURES", env.login_failures, 1, 1000),
        ("LOGIN_LOCKED_SECONDS", env.login_locked_seconds, 1, DAY),
        ("SECURE_HSTS_SECONDS", env.secure_hsts_seconds, 0, 3650 * DAY),
        ("OPENAI_TIMEOUT_SECONDS", env.openai_timeout_seconds, 0.001, 600),
        ("OPENAI_TEMPERATURE", env.openai_temperature, 0, 2),
        ("OPENAI_MAX_TOKENS", env.openai_max_tokens, 1, 100_000),
        ("OPENAI_REST_SECONDS", env.openai_rest_seconds, 0, 3600),
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
        ("REQUEST_BODY_SECONDS", env.request_body_seconds, 0.1, 600),
    ):
        if not low <= value <= high:
            raise ImproperlyConfigured(f"{name} is {value}. It must be from {low} to {high}.")


def _check_pool_size(env: "Environment") -> None:
    if env.db_pool_min_size > env.db_pool_max_size:
        raise ImproperlyConfigured(
            f"DB_POOL_MIN_SIZE is {env.db_pool_min_size}. It must not be more than DB_POOL_MAX_SIZE, "
            f"which is {env.db_pool_max_size}."
        )
    if env.database["ENGINE"] == POSTGRESQL and env.db_pool_max_size <= env.web_threads:
        raise ImproperlyConfigured(
            f"DB_POOL_MAX_SIZE is {env.db_pool_max_size}. {env.web_threads} threads handle requests "
            f"(WEB_THREADS) and one more refreshes the catalogue, so some would wait for a connection. "
            f"Unset DB_POOL_MAX_SIZE, or set it to {env.web_threads + 2}."
        )


def _check_formats(env: "Environment") -> None:
    if env.script_name and not _SCRIPT_NAME.fullmatch(env.script_name):
        raise ImproperlyConfigured(
            f"FORCE_SCRIPT_NAME is {env.script_name[:80]!r}. It must be a path such as /recs: letters, "
            "digits, '-', '_', '.' and '~' between slashes, beginning with a slash."
        )
    try:
        ZoneInfo(env.time_zone)
    except (KeyError, ValueError, OSError):
        raise ImproperlyConfigured(
            "TIME_ZONE must be the name of a time zone, such as Europe/Paris."
        ) from None
    if env.currency not in CURRENCIES:
        raise ImproperlyConfigured(
            "CURRENCY must be the three letters of a currency (ISO 4217), such as EUR."
        )
    if env.redis_url and not REDIS.fullmatch(env.redis_url):
        raise ImproperlyConfigured(
            "REDIS_URL must be the URL of a Redis server, such as redis://127.0.0.1:6379/0."
        )
    if env.celery_broker_url and not BROKER.match(env.celery_broker_url):
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL must be the URL of a broker, such as redis://127.0.0.1:6379/1."
        )
    if not RATE.fullmatch(env.explanation_rate):
        raise ImproperlyConfigured(
            "EXPLANATION_RATE must look like 60/m: a number per second (s), minute (m) or hour (h)."
        )
    if env.popularity not in POPULARITY:
        raise ImproperlyConfigured(
            f"POPULARITY is {env.popularity[:80]!r}. It must be one of {', '.join(POPULARITY)}."
        )
    if env.log_level not in LOG_LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")


def _check_observability(env: "Environment") -> None:
    """Check the variables of logs, metrics, error reports and traces."""
    for name, address, package in (
        ("SENTRY_DSN", env.sentry_dsn, "sentry_sdk"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", env.otlp_endpoint, "opentelemetry"),
    ):
        if address and not address.startswith(("http://", "https://")):
            raise ImproperlyConfigured(f"{name} must be a URL that begins with https:// or http://.")
        if address and not find_spec(package):
            raise ImproperlyConfigured(
                f"{name} is set. It needs packages that requirements.txt does not include: "
                f"pip install --require-hashes -r requirements-observe.txt"
            )
    if env.metrics_token and len(env.metrics_token) < MIN_TOKEN_LENGTH:
        raise ImproperlyConfigured(f"METRICS_TOKEN must have {MIN_TOKEN_LENGTH} characters or more.")
    if env.log_format not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be one of {', '.join(FORMATS)}.")


def _check_spare_threads(env: "Environment") -> None:
    if env.openai_api_key_2 and not env.openai_api_key:
        raise ImproperlyConfigured(
            "OPENAI_API_KEY_2 is only used after OPENAI_API_KEY, which is not set. Set OPENAI_API_KEY too."
        )
    if env.openai_api_key and env.web_threads <= env.openai_max_concurrent:
        raise ImproperlyConfigured(
            f"WEB_THREADS is {env.web_threads}. {env.openai_max_concurrent} threads may wait for a model "
            f"(OPENAI_MAX_CONCURRENT), so none might be left for other requests. "
            f"Unset WEB_THREADS, or set it to {env.openai_max_concurrent + 2}."
        )
