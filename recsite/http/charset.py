"""Requests are read as UTF-8, whatever charset their Content-Type names.

Django decodes query and body by any codec of Python that a client names. Some make texts that no database can
store, and some are not for texts: these fail before any middleware.
"""

import codecs
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.utils.http import parse_header_parameters

# Where the environ of a request names a charset that was dropped.
DROPPED = "recsite.dropped_charset"


def without_charset(application: WSGIApplication) -> WSGIApplication:
    """Return the WSGI application behind a filter that drops other charsets than UTF-8 and ASCII."""

    def filtered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        content_type = environ.get("CONTENT_TYPE")
        if content_type and "charset" in content_type.lower():
            media_type, parameters = parse_header_parameters(content_type)
            charset = parameters.get("charset", "")
            if not _is_utf_8(charset):
                environ["CONTENT_TYPE"], environ[DROPPED] = media_type, charset
        return application(environ, start_response)

    return filtered


def _is_utf_8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except LookupError:  # Django ignores it
        return True
    except ValueError:
        return False
