"""The WSGI application that the server calls."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")

from django.conf import settings

from recsite import telemetry

if settings.ENV.otlp_endpoint:  # before the middleware is loaded
    telemetry.trace(settings.ENV.otlp_endpoint, version=settings.VERSION)

django_application = get_wsgi_application()

from django.db import connections  # noqa: E402

from recommendations import wiring  # noqa: E402  needs the loaded applications
from recsite import gc_tuning  # noqa: E402
from recsite.http.charset import without_charset  # noqa: E402
from recsite.http.login_limit import limit_logins  # noqa: E402
from recsite.http.script_name import without_prefix  # noqa: E402

application = without_prefix(limit_logins(without_charset(django_application)), settings.ENV.script_name)

wiring.warm_up()
# This thread handles no requests, so its connection goes back to the pool.
connections.close_all()
gc_tuning.collect_less()
