"""`apikey make|rotate|revoke|list`: the keys with which other servers ask."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import AccessError
from access.models import ApiKey
from access.scopes import MEANINGS, Scope
from access.services.keys import CreatedKey, find_key, make_key, revoke_key, rotate_key

LISTED = "{prefix:<10} {state:<8} {expires:<16} {used:<16} {name}: {scopes}"


class Command(BaseCommand):
    help = "Make, rotate, revoke or list API keys. A new key is written once, to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="make|rotate|revoke|list")
        make = actions.add_parser("make", help="make a key and show it, once")
        make.add_argument("name", help="whose key it is, and what for")
        told = "; ".join(f"{scope}: {meaning}" for scope, meaning in MEANINGS.items())
        make.add_argument(
            "--scope", nargs="+", required=True, choices=list(Scope), metavar="SCOPE", help=told
        )
        make.add_argument("--days", type=_positive, help="for how long; for ever when not given")
        rotate = actions.add_parser("rotate", help="make a key in another one's place and show it, once")
        rotate.add_argument("prefix", help="of the key whose place it takes")
        rotate.add_argument(
            "--overlap-hours",
            type=_whole,
            help="how long the old key goes on; until it is revoked when not given",
        )
        revoke = actions.add_parser("revoke", help="let a key in no more")
        revoke.add_argument("prefix", help="of the key")
        actions.add_parser("list", help="show all keys, without their secrets")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except AccessError as error:
            raise CommandError(str(error)) from error

    def _make(self, *, name: str, scope: list[str], days: int | None, **options: Any) -> None:
        now = timezone.now()
        ends = None if days is None else now + timedelta(days=days)
        self._show(make_key(name=name, scopes=[Scope(one) for one in scope], now=now, expires_at=ends))

    def _rotate(self, *, prefix: str, overlap_hours: int | None, **options: Any) -> None:
        overlap = None if overlap_hours is None else timedelta(hours=overlap_hours)
        self._show(rotate_key(key=find_key(prefix), now=timezone.now(), overlap=overlap))

    def _revoke(self, *, prefix: str, **options: Any) -> None:
        key = find_key(prefix)
        revoke_key(key=key, now=timezone.now())
        self.stderr.write(f"{key} is revoked. Servers that have just seen it let it in for 2 more seconds.")

    def _list(self, **options: Any) -> None:
        now = timezone.now()
        for key in ApiKey.objects.order_by("created_at", "id"):
            self.stdout.write(
                LISTED.format(
                    prefix=key.prefix,
                    state=key.state(now),
                    expires=f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never ends",
                    used=f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used",
                    name=key.name,
                    scopes=key.scopes,
                )
            )

    def _show(self, made: CreatedKey) -> None:
        """Write the key, and nothing else, to standard output."""
        self.stderr.write(f"{made.row} may: {made.row.scopes}. Keep this key; it is not shown again:")
        self.stdout.write(made.text)


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) > 36_500:
        raise ValueError
    return int(text)


def _positive(text: str) -> int:
    if _whole(text) < 1:
        raise ValueError
    return int(text)
