"""Rate limits by throttle scope and kind of caller: the defaults, changed by THROTTLE_RATES."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ImproperlyConfigured

from access.throttle_scopes import ThrottleScope

PERIODS = {"s": 1, "m": 60, "h": 3_600}
PERIOD_NAMES = {1: "second", 60: "minute", 3_600: "hour"}
OFF = "off"
ALL = "all"
_ENTRY = re.compile(r"([a-z]+)(?::([a-z]+))?=(?:([1-9][0-9]{0,8})/([smh])|off)")


class Asker(StrEnum):
    """The kind of caller that requests are counted by."""

    KEY = "key"
    USER = "user"
    ADDRESS = "address"
    TOTAL = "total"  # all addresses together


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit of n requests in every window of this length, wherever it begins."""

    n: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.n:,} request{'' if self.n == 1 else 's'} per {PERIOD_NAMES[self.seconds]}"


Rates = Mapping[ThrottleScope, Mapping[Asker, Rate]]  # a missing entry means no limit

# Requests a minute by key, user and address. A shop's servers may send thousands a second with their keys.
# Anonymous callers are counted by address, which many may share.
A_MINUTE: Mapping[ThrottleScope, tuple[int, int, int]] = {
    ThrottleScope.RECOMMEND: (120_000, 1_200, 300),
    ThrottleScope.SESSION: (60_000, 600, 120),
    ThrottleScope.READ: (60_000, 1_200, 300),
    ThrottleScope.WRITE: (60_000, 6_000, 60),
    ThrottleScope.BULK: (600, 120, 10),
    ThrottleScope.TOKEN: (12_000, 120, 60),
}
# Passwords: each costs 0.2 s of a processor. Callers count by address and all together, in a window so short
# that no burst of hashes holds up a process. People who have logged in from this browser before count by user
# instead, so that they can log in while strangers use up the total.
LOGINS: Mapping[Asker, Rate] = {
    Asker.USER: Rate(20, 60),
    Asker.ADDRESS: Rate(20, 60),
    Asker.TOTAL: Rate(2, 1),
}
_CALLERS = (Asker.KEY, Asker.USER, Asker.ADDRESS)  # of every scope but LOGIN
_OPEN_SCOPES = (ThrottleScope.RECOMMEND, ThrottleScope.SESSION, ThrottleScope.READ)


def rates(entries: Iterable[str], *, open_reads: bool) -> Rates:
    """Return the defaults, changed by each entry in turn. Raises ImproperlyConfigured.

    entries:    such as recommend=600/m, write:key=90/s, all:address=off
    open_reads: API_OPEN_READS, with which only this machine can read: reads by address have no default limit
    """
    limits = {
        scope: {asker: Rate(n, 60) for asker, n in zip(_CALLERS, numbers, strict=True)}
        for scope, numbers in A_MINUTE.items()
    }
    limits[ThrottleScope.LOGIN] = dict(LOGINS)
    if open_reads:
        for scope in _OPEN_SCOPES:
            del limits[scope][Asker.ADDRESS]
    for entry in entries:
        for scope, asker, rate in _parse(entry):
            limits[scope].pop(asker, None)
            if rate is not None:
                limits[scope][asker] = rate
    return limits


def _parse(entry: str) -> Iterator[tuple[ThrottleScope, Asker, Rate | None]]:
    """Yield each scope and kind of caller of the entry, with its rate, None for no limit."""
    matched = _ENTRY.fullmatch(entry)
    scope, asker, n, period = matched.groups() if matched else ("", None, None, None)
    scopes = list(ThrottleScope) if scope == ALL else [name for name in ThrottleScope if name == scope]
    rate = Rate(int(n), PERIODS[period]) if n and period else None
    found = [
        (name, kind, rate)
        for name in scopes
        for kind in _askers(name)
        if asker == kind or _is_meant(asker, kind, rate)
    ]
    if not found:
        raise ImproperlyConfigured(
            f"THROTTLE_RATES contains {entry[:40]!r}. Each entry must look like recommend=600/m, "
            f"write:key=90/s, login:total=2/s or all:address=off: one of {', '.join((ALL, *ThrottleScope))}, "
            f"optionally one of {', '.join(_CALLERS)}, of login one of {', '.join(LOGINS)}, and a number per "
            f"second (s), minute (m) or hour (h), or off."
        )
    yield from found


def _is_meant(asker: str | None, kind: Asker, rate: Rate | None) -> bool:
    """Return whether an entry that names no kind of caller means this one: a rate of callers is no total."""
    return asker is None and (kind is not Asker.TOTAL or rate is None)


def _askers(scope: ThrottleScope) -> Iterable[Asker]:
    return LOGINS if scope is ThrottleScope.LOGIN else _CALLERS
