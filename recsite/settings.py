"""Django settings of the project. Values that differ between deployments come from `config/env.py`."""

import os
import tomllib
from datetime import timedelta

from recsite.config import csp as _policies
from recsite.config import databases as _databases
from recsite.config import derived_keys as _derived_keys
from recsite.config import env as _env

# The files that the service creates are private to its account: the SQLite database with its -wal, -shm and
# -journal, models, exports and metrics. Processes that it starts inherit this.
os.umask(0o077)

ENV = _env.read()
BASE_DIR = _env.ROOT
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

SECRET_KEY = ENV.secret_key
SECRET_KEY_FALLBACKS = ENV.secret_key_fallbacks
DEBUG = ENV.debug
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins
CORS_ALLOWED_ORIGINS = ENV.cors_allowed_origins
# The response headers that scripts of these origins may read.
CORS_EXPOSE_HEADERS = [
    *("ETag", "Location", "Retry-After", "X-Request-ID", "Idempotency-Replayed"),
    *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
]

INSTALLED_APPS = [
    "core",  # before the admin, whose templates it extends
    "core.admin.site.StrictAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "recsite",
    "access",
    "privacy",
    "catalog",
    "recommendations",
]

MIDDLEWARE = [
    "recsite.http.middleware.request_middleware",
    "recsite.http.middleware.security_headers_middleware",
    "recsite.http.middleware.body_limit_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "recsite.http.login_limit.LoginLimitMiddleware",
    "recsite.http.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "recsite.urls"
WSGI_APPLICATION = "recsite.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": _databases.configured(
        ENV.database,
        _databases.PoolSize(
            ENV.db_pool_min_size,
            ENV.db_pool_max_size,
            ENV.db_pool_timeout_seconds,
            ENV.database_timeout_seconds,
            ENV.db_prepared_statements,
        ),
    )
}
CACHES = {
    "default": {
        "BACKEND": "recsite.cache.redis.TolerantRedisCache",
        "LOCATION": ENV.redis_url,
        "KEY_PREFIX": "shop",
    }
    if ENV.redis_url
    else {"BACKEND": "recsite.cache.local.LocalCache", "LOCATION": "shop", "OPTIONS": {"MAX_ENTRIES": 10_000}}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = [
    # First, so that no password of a locked-out client is checked.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Wrong passwords are counted by username and address together, so that nobody can lock out another person,
# and in the database, so for all servers.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = ENV.login_failures
AXES_COOLOFF_TIME = timedelta(seconds=ENV.login_locked_seconds)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "access.address.lockout_address"
AXES_USERNAME_CALLABLE = "access.services.failed_logins.stored_username"
AXES_LOCKOUT_CALLABLE = "recsite.http.lockout.locked_out"
# A password typed into the username field would be logged.
AXES_SENSITIVE_PARAMETERS = ["username"]
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # access.admin has its own page
TRUSTED_PROXIES = ENV.trusted_proxies
# The path under which a proxy shows the service: it is in front of all links, and the path of all cookies.
FORCE_SCRIPT_NAME = ENV.script_name or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{ENV.script_name}/"

# The key that signs tokens (JWT), and older keys whose tokens are still valid.
JWT_SIGNING_KEY = ENV.jwt_signing_key
JWT_VERIFYING_KEYS = ENV.jwt_verifying_keys
# Access tokens are not checked against the database, so a disabled user's token works until it expires.
ACCESS_TOKEN_LIFETIME = timedelta(minutes=5)
REFRESH_TOKEN_LIFETIME = timedelta(days=14)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = ENV.time_zone
CURRENCY = ENV.currency
CREATE_UNKNOWN = ENV.create_unknown
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
# WhiteNoise finds the static files of the packages at start, so that collectstatic is not needed.
WHITENOISE_USE_FINDERS = True
# Other sites do not need them.
WHITENOISE_ALLOW_ALL_ORIGINS = False

SECURE_SSL_REDIRECT = ENV.secure_ssl_redirect
SECURE_HSTS_SECONDS = ENV.secure_hsts_seconds if ENV.secure_ssl_redirect else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trust_proxy_https else None
SESSION_COOKIE_SECURE = ENV.secure_ssl_redirect
CSRF_COOKIE_SECURE = ENV.secure_ssl_redirect
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": _policies.FOR_PAGES}
# Limits of forms in the admin. Each view limits its bodies (recsite/http/middleware.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
# No page accepts files. Parsing stops at the first one, before a byte of it reaches memory or disk.
DATA_UPLOAD_MAX_NUMBER_FILES = 0
# Django would make the files of a storage, such as MODEL_STORAGE in a directory, readable by everybody.
FILE_UPLOAD_PERMISSIONS = 0o600

API_OPEN_READS = ENV.api_open_reads
THROTTLE_RATES = ENV.throttle_rates
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["access.authentication.Credentials"],
    "DEFAULT_PERMISSION_CLASSES": ["access.permissions.Allowed"],
    "DEFAULT_THROTTLE_CLASSES": ["recsite.http.throttling.Throttle"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.OrjsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.responses.OrjsonRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "access.schema.AccessSchema",
    "EXCEPTION_HANDLER": "recsite.http.errors.problem_response",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# The sections of the admin's index and sidebar, in the order of work. Other models follow, by application.
ADMIN_SECTIONS = {
    "Catalogue": ["catalog.Product", "catalog.Category", "catalog.Tag"],
    "Recommendations": [
        "recommendations.DefaultStrategy",
        "recommendations.TrainedModel",
        "recommendations.StoredList",
        "recommendations.GenerationRun",
        "recommendations.LanguageModel",
    ],
    "People": ["catalog.User", "catalog.Interaction", "privacy.Receipt"],
    "Access": ["access.Account", "auth.Group", "access.ApiKey", "axes.AccessAttempt"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shop recommendations",
    "DESCRIPTION": "Product recommendations for the shoppers of a shop, with explanations.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["access.permissions.Allowed"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "CONTACT": {"name": "The operator of this server"},
    "LICENSE": {"name": "MIT", "url": "https://opensource.org/license/mit"},
    "TAGS": [
        {"name": "recommendations", "description": "Lists of products for a shopper, a visitor or a page."},
        {"name": "interactions", "description": "What shoppers did with products."},
        {"name": "products", "description": "The catalogue."},
        {"name": "categories", "description": "The tree of categories."},
        {"name": "users", "description": "The shop's users (shoppers) and their histories."},
        {"name": "tokens", "description": "Logins of staff, and tokens for the browsers of shoppers."},
        {"name": "service", "description": "The service itself, and its runs."},
    ],
    "ENUM_SUFFIX": "",
    # A choice that may be null is one type; generators make invalid code of an enum of null.
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "ExplanationSource": ["openai", "template"],
        "ExplanationStatus": ["pending", "done"],
        "ReasonKind": "recommendations.engine.reasons.ReasonKind",
        "RunState": "recommendations.models.RunState",
    },
    "PREPROCESSING_HOOKS": ["core.api.schema.without_slash"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.schema_hooks.for_generators",
    ],
}

RECOMMENDATIONS = {
    "DEFAULT_STRATEGY": ENV.default_strategy,
    "STRATEGIES": {
        "content": {
            "CLASS": "recommendations.strategies.content.Content",
            "OPTIONS": {"category_points": 10, "tag_points": 3, "top_categories": 3, "top_tags": 5},
        },
        "popular": {"CLASS": "recommendations.strategies.popular.Popular", "OPTIONS": {}},
        "trending": {
            "CLASS": "recommendations.strategies.trending.Trending",
            "OPTIONS": {"half_life_days": 7},
        },
        "collaborative": {
            "CLASS": "recommendations.strategies.collaborative.Collaborative",
            "OPTIONS": {
                "method": "auto",
                "largest_dense": 8_000,
                "half_life_days": 30,
                "sparse_half_life_days": 360,
                "regularisation": 100,
                "shrinkage": 0.3,
                "evenness": 0.25,
                "damping": 0.5,
                "neighbours": 300,
                "min_events": 1,
            },
        },
        "hybrid": {
            "CLASS": "recommendations.strategies.hybrid.Hybrid",
            "OPTIONS": {
                "windows": 8,
                "trees": 250,
                "depth": 5,
                "half_life_days": 30,
                "neighbours": 300,
                "largest_dense": 8_000,
                "threads": 1,
                "seed": 1,
            },
        },
        "together": {
            "CLASS": "recommendations.strategies.together.Together",
            "OPTIONS": {
                "time_zone": ENV.time_zone,
                "min_support": 3,
                "largest_basket": 100,
                "neighbours": 400,
            },
        },
    },
    # What popularity and trends count: "shoppers", each once for a product and an action, or "interactions".
    "POPULARITY": ENV.popularity,
    # The weight of each action for all strategies, and the days after which it is worth half.
    "EVENTS": {
        "view": {"WEIGHT": 1, "HALF_LIFE_DAYS": 90},
        "click": {"WEIGHT": 2, "HALF_LIFE_DAYS": 90},
        "cart": {"WEIGHT": 3, "HALF_LIFE_DAYS": 90},
        "purchase": {"WEIGHT": 5, "HALF_LIFE_DAYS": 180},
        "dismiss": {"WEIGHT": -5, "HALF_LIFE_DAYS": 365},
    },
    "EXPLAINER": {"CLASS": "recommendations.explainers.template.TemplateExplainer", "OPTIONS": {}},
    "MODEL_DIR": ENV.model_dir,
    "MODEL_STORAGE": ENV.model_storage,
    "STORED_LIST_MAX_AGE_SECONDS": ENV.stored_list_max_age_seconds,
    "ANSWER_CACHE_MIB": ENV.answer_cache_mib,
    "RESULT_CACHE_SECONDS": ENV.result_cache_seconds,
}
if ENV.openai_api_key:
    RECOMMENDATIONS["EXPLAINER"] = {
        "CLASS": "recommendations.explainers.openai.OpenAIExplainer",
        "OPTIONS": {
            "api_key": ENV.openai_api_key,
            "second_api_key": ENV.openai_api_key_2,
            "base_url": ENV.openai_base_url,
            "model": ENV.openai_model,
            "temperature": ENV.openai_temperature,
            "max_tokens": ENV.openai_max_tokens,
            "reasoning_effort": ENV.openai_reasoning_effort,
            "rest_seconds": ENV.openai_rest_seconds,
            "timeout_seconds": ENV.openai_timeout_seconds,
            "max_concurrent": ENV.openai_max_concurrent,
            "prompt_price": ENV.openai_prompt_price,
            "completion_price": ENV.openai_completion_price,
        },
    }

CELERY_BROKER_URL = ENV.celery_broker_url
# Tasks write to the database, and no code waits for their results.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "batch"
CELERY_TASK_ROUTES = {"recommendations.explanation": {"queue": "explanations"}}
# A task of a killed worker is delivered to another one. If a worker and all its processes are gone, Redis
# delivers its task again after `visibility_timeout`, which is longer than any task may take.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    # Look for such tasks every ten seconds.
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = ENV.time_zone
EVENT_RETENTION_DAYS = ENV.event_retention_days
SYNC_EXPLANATIONS = ENV.sync_explanations
EXPLANATION_RATE = ENV.explanation_rate
EXPLANATION_DAILY_BUDGET = ENV.explanation_daily_budget
# Shoppers see these ids, which only the server can compute.
EXPLANATION_ID_KEY = _derived_keys.for_explanation_ids(SECRET_KEY)
EXPLANATION_TTL_SECONDS = ENV.explanation_ttl_seconds
if CELERY_BROKER_URL:
    from recsite.schedule import SCHEDULE

    CELERY_BEAT_SCHEDULE = SCHEDULE
METRICS = ENV.metrics
METRICS_TOKEN = ENV.metrics_token
METRICS_DIR = ENV.metrics_dir

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"any": {"()": "observe.logs.formatter", "form": ENV.log_format, "secrets": ENV.secrets}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "any"}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    # httpx2 logs a line for each call of a language model, axes four for each login.
    "loggers": {"httpx2": {"level": "WARNING"}, "axes": {"level": "WARNING"}},
}
