"""Download of a feed over https, from public addresses, within limits of size and time."""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from catalog.errors import CatalogError
from catalog.importing.lines import MIB

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 1 << 16
_SAFE = "%/?:@!$&'()*+,;=~"  # what a URL may have as it is
_GZIP = b"\x1f\x8b"
# Prefixes of IPv6 addresses that lead to the IPv4 address in their last 32 bits (RFC 6052, RFC 8215).
_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class DownloadFailed(CatalogError):
    """A feed could not be downloaded. The message has its address without credentials and query."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a download. is_private_allowed: whether it may come from the operator's own network"""

    max_bytes: int = 500 * MIB
    seconds: float = 300.0
    is_private_allowed: bool = False


def is_address(source: str) -> bool:
    """Whether the source is an address on the web, not a file."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source) is not None


def shown_address(source: str) -> str:
    """Return the address without a username, a password and a query, which may hold secrets."""
    try:
        parts = urlsplit(source)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "the address"
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{parts.path}"


def download(source: str, directory: Path, limits: Limits) -> Path:
    """Store what the address answers in a file of the directory, named as in the address, and return it.

    A file in gzip format gets a name that ends in .gz. Follows at most five redirects, to https only.
    Connects only to addresses that it has checked, so a name cannot lead elsewhere later.
    Raises DownloadFailed.
    """
    with _Deadline(limits.seconds) as deadline:
        return _followed(source, directory, limits, deadline)


class _Deadline:
    """The end of a download. At that moment its connection is shut down, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._connection: socket.socket | None = None
        self.is_over = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self.watch(None)

    def watch(self, connection: socket.socket | None) -> None:
        """Shut down this connection, and no other one, at the end."""
        watched, self._connection = self._connection, connection.dup() if connection else None
        if watched:
            watched.close()

    def _end(self) -> None:
        self.is_over = True
        if self._connection:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)

    def seconds(self, most: float) -> float:
        """Return the time left for one step."""
        return max(min(most, self._ends_at - time.monotonic()), 0.001)

    def raise_if_over(self, address: str) -> None:
        if self.is_over or time.monotonic() >= self._ends_at:
            raise DownloadFailed(
                f"{shown_address(address)} takes more than {self._seconds:g} seconds; see --timeout."
            )


def _followed(source: str, directory: Path, limits: Limits, deadline: _Deadline) -> Path:
    address, host = source, None
    for _ in range(MAX_REDIRECTS + 1):
        parts = _https(address)
        host = host or parts.netloc
        # A redirect of another host must not get the credentials.
        connection = _Connection(parts, limits, deadline)
        try:
            with closing(connection), connection.answer(with_credentials=parts.netloc == host) as answer:
                if answer.status not in _REDIRECTS:
                    return _stored(answer, parts, directory, limits, deadline)
                address = urljoin(address, answer.getheader("Location") or "")
        except (OSError, http.client.HTTPException, ValueError) as error:
            deadline.raise_if_over(address)
            raise DownloadFailed(f"Cannot read {shown_address(address)}: {_reason(error)}.") from None
    raise DownloadFailed(f"{shown_address(source)} redirects more than {MAX_REDIRECTS} times.")


def _https(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        is_https = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_https = False
    if not is_https:
        raise DownloadFailed(f"{shown_address(address)} is not read: only https addresses are.")
    return parts


class _Connection(http.client.HTTPSConnection):
    """A connection to an address that was checked."""

    def __init__(self, parts: SplitResult, limits: Limits, deadline: _Deadline) -> None:
        super().__init__(str(parts.hostname), parts.port or 443, timeout=CONNECT_SECONDS)
        self._parts = parts
        self._limits = limits
        self._deadline = deadline
        self._tls = ssl.create_default_context()

    def answer(self, *, with_credentials: bool) -> http.client.HTTPResponse:
        path = quote(self._parts.path or "/", safe=_SAFE)
        query = f"?{quote(self._parts.query, safe=_SAFE)}" if self._parts.query else ""
        headers = {"Accept-Encoding": "identity", "User-Agent": "import_feed"}
        if with_credentials and self._parts.username is not None:
            pair = f"{unquote(self._parts.username)}:{unquote(self._parts.password or '')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        self.request("GET", f"{path}{query}", headers=headers)
        return self.getresponse()

    def connect(self) -> None:
        error: OSError = OSError("the name has no address")
        for address in _addresses(self.host, self.port, self._limits):
            try:
                plain = socket.create_connection(
                    (address, self.port), self._deadline.seconds(CONNECT_SECONDS)
                )
            except OSError as found:
                error = found
                continue
            plain.settimeout(self._deadline.seconds(self._limits.seconds))
            self._deadline.watch(plain)
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
            return
        raise error


def _addresses(host: str, port: int, limits: Limits) -> list[str]:
    """Return the addresses of the host. Raises DownloadFailed unless all of them may be read."""
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        if not may_be_read(ipaddress.ip_address(text.partition("%")[0]), limits):
            hint = "" if limits.is_private_allowed else "; --allow-private permits those of your own network"
            raise DownloadFailed(f"{host} leads to {text}, which is no public address{hint}.")
    return found


def may_be_read(address: Address, limits: Limits) -> bool:
    """Whether the address is public, or else private or this machine's, if these are allowed.

    Link-local addresses, where clouds answer with credentials, are never read.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in _TRANSLATED):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return may_be_read(inner, limits)
        if address.is_site_local:
            return limits.is_private_allowed
    if address.is_loopback:
        return limits.is_private_allowed
    if address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved:
        return False
    return address.is_global or limits.is_private_allowed


def _stored(
    answer: http.client.HTTPResponse, parts: SplitResult, directory: Path, limits: Limits, deadline: _Deadline
) -> Path:
    shown = shown_address(parts.geturl())
    if answer.status != 200:
        raise DownloadFailed(f"{shown} answers {answer.status} {answer.reason}; it must answer 200.")
    encoding = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise DownloadFailed(f"{shown} answers in the encoding {encoding}; it must be gzip or none.")
    too_large = DownloadFailed(f"{shown} has more than {limits.max_bytes // MIB:,} MiB; see --max-mib.")
    announced = answer.length
    if announced is not None and announced > limits.max_bytes:
        raise too_large
    path = directory / _file_name(parts)
    n_bytes, start = 0, b""
    with path.open("xb") as file:
        while chunk := answer.read(_CHUNK):
            n_bytes += len(chunk)
            if n_bytes > limits.max_bytes:
                raise too_large
            start = start or chunk
            file.write(chunk)
    deadline.raise_if_over(parts.geturl())
    if announced is not None and n_bytes < announced:
        raise DownloadFailed(f"{shown} ended after {n_bytes:,} of {announced:,} bytes; try again.")
    if start.startswith(_GZIP) and path.suffix != ".gz":
        path = path.rename(path.with_name(f"{path.name}.gz"))
    return path


def _file_name(parts: SplitResult) -> str:
    name = re.sub(r"[^\w.-]+", "_", unquote(parts.path.rpartition("/")[2]))[-100:].lstrip(".")
    return name or "feed"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
