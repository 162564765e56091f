"""The one settings module, in the environment of the tests: whatever a developer's .env says stays out."""

import os
import re
from pathlib import Path

# The Redis to test with, which the product itself is not told of: without it, it must do.
os.environ["TESTS_REDIS_URL"] = os.environ.get("TESTS_REDIS_URL") or os.environ.pop("REDIS_URL", "")
_EXAMPLE = (Path(__file__).parents[1] / ".env.example").read_text(encoding="utf-8")
for name in re.findall(r"(?m)^#?([A-Z][A-Z_0-9]+)=", _EXAMPLE):
    if name != "DATABASE_URL":  # names the server on which to make the test database
        os.environ.pop(name, None)
os.environ.update(
    ENV_FILE=os.devnull,
    SECRET_KEY="tests-only-" + "x" * 50,
    ALLOWED_HOSTS="localhost,127.0.0.1",
    SECURE_SSL_REDIRECT="false",
    THROTTLE_RATES="all=off",
)

from recsite.settings import *  # noqa: E402, F403
from recsite.settings import DATABASES, TEMPLATES  # noqa: E402
from tests.strict_templates import Invalid  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = Invalid()  # type: ignore[index]
# Looks for a static file when it is asked for, instead of for all of them at every start.
WHITENOISE_AUTOREFRESH = True
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # pytest-django keeps test databases in memory by itself with Django's own engine only.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}
