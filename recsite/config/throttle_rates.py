"""How often whom may ask for what: the defaults, and what THROTTLE_RATES says instead."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import ImproperlyConfigured

from access.throttle_scopes import ThrottleScope

PERIODS = {"s": 1, "m": 60, "h": 3_600}
WORDS = {1: "second", 60: "minute", 3_600: "hour"}
OFF = "off"
ALL = "all"
_ENTRY = re.compile(r"([a-z]+)(?::([a-z]+))?=(?:([1-9][0-9]{0,8})/([smh])|off)")


class Asker(StrEnum):
    """As what somebody is counted."""

    KEY = "key"
    USER = "user"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Rate:
    """n requests within so many seconds, from the first of them on."""

    n: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.n:,} time{'' if self.n == 1 else 's'} a {WORDS[self.seconds]}"


Rates = Mapping[ThrottleScope, Mapping[Asker, Rate]]  # what is missing has no limit

# Requests a minute. What a shop's servers do with their keys has room for thousands a second; whom nobody
# knows comes from an address, which many may share.
A_MINUTE: Mapping[ThrottleScope, tuple[int, int, int]] = {
    ThrottleScope.RECOMMEND: (120_000, 1_200, 300),
    ThrottleScope.SESSION: (60_000, 600, 120),
    ThrottleScope.READ: (60_000, 1_200, 300),
    ThrottleScope.WRITE: (60_000, 6_000, 60),
    ThrottleScope.BULK: (600, 120, 10),
    ThrottleScope.TOKEN: (12_000, 120, 60),
}
_OPENED = (ThrottleScope.RECOMMEND, ThrottleScope.SESSION, ThrottleScope.READ)


def rates(said: Iterable[str], *, open_reads: bool) -> Rates:
    """Return the rates: the defaults, changed by each entry in turn. Raises ImproperlyConfigured.

    said:       such as recommend=600/m, write:key=90/s, all:address=off
    open_reads: whether everybody may read, which only this machine can: then no default limits what is open
    """
    found = {
        pace: {asker: Rate(n, 60) for asker, n in zip(Asker, numbers, strict=True)}
        for pace, numbers in A_MINUTE.items()
    }
    if open_reads:
        for pace in _OPENED:
            del found[pace][Asker.ADDRESS]
    for entry in said:
        paces, askers, rate = _read(entry)
        for pace in paces:
            for asker in askers:
                found[pace].pop(asker, None)
                if rate is not None:
                    found[pace][asker] = rate
    return found


def _read(entry: str) -> tuple[list[ThrottleScope], list[Asker], Rate | None]:
    """Return whom the entry is about, and how often they may ask, None for as often as they like."""
    matched = _ENTRY.fullmatch(entry)
    scope, asker, n, period = matched.groups() if matched else ("", None, None, None)
    if scope not in (ALL, *ThrottleScope) or asker not in (None, *Asker):
        raise ImproperlyConfigured(
            f"THROTTLE_RATES holds {entry[:40]!r}; each entry must read like recommend=600/m, "
            f"write:key=90/s or all:address=off: one of {', '.join((ALL, *ThrottleScope))}, perhaps one of "
            f"{', '.join(Asker)}, and how many a second (s), minute (m) or hour (h), or off."
        )
    return (
        list(ThrottleScope) if scope == ALL else [ThrottleScope(scope)],
        list(Asker) if asker is None else [Asker(asker)],
        Rate(int(n), PERIODS[period]) if n and period else None,
    )
