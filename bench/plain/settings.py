"""The project's own settings, with the plain views in place of its addresses."""

from recsite.settings import *  # noqa: F403

ROOT_URLCONF = "bench.plain.urls"
