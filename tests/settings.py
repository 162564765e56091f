"""The one settings module, in the environment of the tests: whatever a developer's .env says stays out."""

import os

os.environ.update(
    ENV_FILE=os.devnull,
    SECRET_KEY="tests-only-" + "x" * 50,
    ALLOWED_HOSTS="localhost,127.0.0.1",
    SECURE_SSL_REDIRECT="false",
    OPENAI_API_KEY="",
)
for name in ("DEBUG", "API_OPEN_READS", "DEFAULT_STRATEGY", "STORED_LIST_MAX_AGE"):
    os.environ.pop(name, None)

from recsite.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Looks for a static file when it is asked for, instead of for all of them at every start.
WHITENOISE_AUTOREFRESH = True
