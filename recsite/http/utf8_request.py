"""The request class of the WSGI application."""

from django.core.handlers.wsgi import WSGIRequest


class Utf8Request(WSGIRequest):
    """Request whose query and form fields are UTF-8, whatever charset its Content-Type names.

    Django would decode them with any codec of Python: some raise errors, others yield lone surrogates.
    """

    @property
    def encoding(self) -> None:
        return None

    @encoding.setter
    def encoding(self, name: str) -> None:
        pass
