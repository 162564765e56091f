"""The project over ASGI, only to be measured against WSGI (docs/decisions/0001)."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()

from recommendations import wiring  # noqa: E402  needs the applications to be loaded

wiring.warm_up()
