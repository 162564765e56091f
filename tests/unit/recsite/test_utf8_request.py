"""A request is decoded as UTF-8, whatever charset its Content-Type names."""

import io

import pytest
from django.test import RequestFactory

from recsite.http.utf8_request import Utf8Request

CHARSETS = ["hex", "rot13", "punycode", "undefined", "idna", "utf-16", "unicode_escape", "utf-7", "latin-1"]


def environ(charset: str) -> dict:
    body = b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\n\xc3\xa9\\ud800\r\n--x--\r\n'
    return RequestFactory()._base_environ(
        REQUEST_METHOD="POST",
        QUERY_STRING="q=%C3%A9%2B2AA-\\ud800",
        CONTENT_TYPE=f"multipart/form-data; boundary=x; charset={charset}",
        CONTENT_LENGTH=str(len(body)),
        **{"wsgi.input": io.BytesIO(body)},
    )


class TestUtf8Request:
    @pytest.mark.parametrize("charset", CHARSETS)
    def test_ignores_the_charset(self, charset: str):
        request = Utf8Request(environ(charset))

        assert request.GET["q"] == "é+2AA-\\ud800"
        assert request.POST["q"] == "é\\ud800"
