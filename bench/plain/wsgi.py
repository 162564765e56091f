"""The WSGI application of the plain views."""

from django.core.wsgi import get_wsgi_application

from recsite import garbage

application = get_wsgi_application()
garbage.look_less()  # as the project's own server does
