"""Tests of downloads of feeds: a real https server on loopback, which only --allow-private permits."""

import gzip
import ipaddress
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.importing.feeds.download import (
    MAX_REDIRECTS,
    DownloadFailed,
    Limits,
    download,
    may_be_read,
    shown_address,
)
from tests.tls_server import TlsServer, certificate, content, endless, packed, redirect, tls_server

BODY = b"id\ttitle\tprice\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsServer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate()))
    with tls_server() as running:
        yield running


@pytest.fixture
def fetched(server: TlsServer, tmp_path: Path) -> Callable[..., Path]:
    def fetched(path: str, *, user: str = "", **limits: float) -> Path:
        allowed = Limits(**{"is_private_allowed": True, "seconds": 20.0, **limits})
        return download(server.address(path, user=user), tmp_path, allowed)

    return fetched


class TestDownload:
    def test_stores_the_body_under_the_name_in_the_address(self, server, fetched):
        server.answers["/feeds/google.tsv"] = content(BODY)

        path = fetched("/feeds/google.tsv?token=secret")

        assert (path.name, path.read_bytes()) == ("google.tsv", BODY)

    @pytest.mark.parametrize("answer", [packed(BODY), content(gzip.compress(BODY))])
    def test_names_a_packed_body_so_that_it_is_read_as_one(self, server, fetched, answer):
        server.answers["/google.tsv"] = answer

        path = fetched("/google.tsv")

        assert path.name == "google.tsv.gz"
        assert gzip.decompress(path.read_bytes()) == BODY

    def test_follows_redirects_with_the_credentials_of_this_server_only(self, server, fetched):
        server.answers["/a"] = redirect("/b")
        server.answers["/b"] = redirect(f"https://127.0.0.1:{server.port}/c")
        server.answers["/c"] = content(BODY)

        fetched("/a", user="me:p%40ss@")

        basic = f"Basic {b64encode(b'me:p@ss').decode()}"
        assert server.requests == [("/a", basic), ("/b", basic), ("/c", None)]

    def test_stops_after_five_redirects(self, server, fetched):
        server.answers["/round"] = redirect("/round")

        with pytest.raises(DownloadFailed, match="redirects more than 5 times"):
            fetched("/round")
        assert len(server.requests) == MAX_REDIRECTS + 1

    @pytest.mark.parametrize(
        ("location", "message"),
        [
            ("http://localhost/feed", "only https"),
            ("file:///etc/passwd", "only https"),
            ("https://169.254.169.254/latest/meta-data", "no public address"),
            ("https://[ff02::1]/", "no public address"),
        ],
    )
    def test_refuses_redirects_to_what_it_would_not_read(self, server, fetched, location, message):
        server.answers["/away"] = redirect(location)

        with pytest.raises(DownloadFailed, match=message):
            fetched("/away")

    def test_refuses_this_machine_unless_it_is_allowed(self, server, fetched):
        server.answers["/feed"] = content(BODY)

        with pytest.raises(DownloadFailed, match=r"leads to .*, which is no public address; --allow-private"):
            fetched("/feed", is_private_allowed=False)
        assert server.requests == []

    def test_refuses_a_name_of_which_one_address_is_private(self, server, fetched, monkeypatch):
        entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.7")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)

        with pytest.raises(DownloadFailed, match=r"leads to 10\.0\.0\.7"):
            fetched("/feed", is_private_allowed=False)

    def test_looks_the_name_up_once_and_connects_to_what_it_checked(self, server, fetched, monkeypatch):
        server.answers["/feed"] = content(BODY)
        looked_up = []
        real = socket.getaddrinfo

        def noting(host: str, *args: object, **kwargs: object) -> object:
            looked_up.append(host)
            return real(host, *args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", noting)

        fetched("/feed")

        assert looked_up.count("localhost") == 1

    def test_refuses_an_unknown_certificate(self, server, fetched, monkeypatch):
        monkeypatch.delenv("SSL_CERT_FILE")

        with pytest.raises(DownloadFailed, match="certificate is not valid"):
            fetched("/feed")

    def test_refuses_more_than_the_limit_announced_or_not(self, server, fetched):
        server.answers["/announced"] = content(BODY, length=2_000)
        server.answers["/endless"] = endless()

        for path in ("/announced", "/endless"):
            with pytest.raises(DownloadFailed, match="see --max-mib"):
                fetched(path, max_bytes=1_000)

    def test_ends_at_the_deadline_whatever_the_server_does(self, server, fetched):
        asked, ended = threading.Event(), threading.Event()

        def hang(handler: object) -> None:
            asked.set()
            ended.wait(20)

        server.answers["/hangs"] = hang

        with pytest.raises(DownloadFailed, match=r"takes more than 0\.5 seconds; see --timeout"):
            fetched("/hangs", seconds=0.5)
        ended.set()
        assert asked.is_set()

    def test_notices_a_body_that_is_cut(self, server, fetched):
        server.answers["/cut"] = content(BODY, length=len(BODY) + 10)

        with pytest.raises(DownloadFailed, match=f"ended after {len(BODY)} of {len(BODY) + 10} bytes"):
            fetched("/cut")

    def test_says_what_the_server_answers_but_no_secrets(self, server, fetched):
        with pytest.raises(DownloadFailed, match="answers 404 Not Found") as raised:
            fetched("/missing?token=secret", user="me:password@")
        assert "secret" not in str(raised.value)
        assert "password" not in str(raised.value)

    def test_refuses_encodings_that_were_not_asked_for(self, server, fetched):
        server.answers["/feed"] = content(BODY, Content_Encoding="br")

        with pytest.raises(DownloadFailed, match="in the encoding br"):
            fetched("/feed")


class TestMayBeRead:
    @pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
    def test_reads_public_addresses(self, address):
        assert may_be_read(ipaddress.ip_address(address), Limits())

    @pytest.mark.parametrize(
        "address",
        [
            "10.1.2.3",
            "192.168.0.1",
            "127.0.0.1",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "100.64.0.1",
            "fec0::1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
        ],
    )
    def test_reads_addresses_of_the_own_network_if_allowed(self, address):
        assert not may_be_read(ipaddress.ip_address(address), Limits())
        assert may_be_read(ipaddress.ip_address(address), Limits(is_private_allowed=True))

    @pytest.mark.parametrize(
        "address",
        [
            "169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "0.0.0.0",  # noqa: S104
            "::",
            "255.255.255.255",
            "240.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
        ],
    )
    def test_never_reads_others(self, address):
        assert not may_be_read(ipaddress.ip_address(address), Limits())
        assert not may_be_read(ipaddress.ip_address(address), Limits(is_private_allowed=True))


def test_shown_addresses_have_no_credentials_and_no_query():
    shown = shown_address("https://me:secret@shop.example:8443/feeds/a.xml?token=secret#secret")

    assert shown == "https://shop.example:8443/feeds/a.xml"
