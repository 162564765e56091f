"""The WSGI application of the plain views."""

from django.core.wsgi import get_wsgi_application

from recsite import gc_tuning

application = get_wsgi_application()
gc_tuning.collect_less()  # as the project's own server does
