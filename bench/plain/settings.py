"""The project's settings with the URLs of the plain views."""

from recsite.settings import *  # noqa: F403

ROOT_URLCONF = "bench.plain.urls"
