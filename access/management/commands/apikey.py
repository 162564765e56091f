"""`apikey make|rotate|revoke|list`: manage the API keys of other servers."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.errors import AccessError
from access.models import ApiKey
from access.scopes import MEANINGS, Scope
from access.services.keys import CreatedKey, find_key, make_key, revoke_key, rotate_key

LINE = "{prefix:<10} {state:<8} {expires:<16} {used:<16} {name}: {scopes}"


class Command(BaseCommand):
    help = "Create, rotate, revoke or list API keys. A new key is written once, to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="make|rotate|revoke|list")
        make = actions.add_parser("make", help="create a key and show it once")
        make.add_argument("name", help="the key's owner and purpose")
        meanings = "; ".join(f"{scope}: {meaning}" for scope, meaning in MEANINGS.items())
        make.add_argument(
            "--scope", nargs="+", required=True, choices=list(Scope), metavar="SCOPE", help=meanings
        )
        make.add_argument("--days", type=_positive, help="days until it expires (default: never)")
        rotate = actions.add_parser("rotate", help="create a key that replaces another and show it once")
        rotate.add_argument("prefix", help="prefix of the key to replace")
        rotate.add_argument(
            "--overlap-hours",
            type=_non_negative,
            help="hours until the old key expires (default: when it is revoked)",
        )
        revoke = actions.add_parser("revoke", help="invalidate a key")
        revoke.add_argument("prefix", help="prefix of the key")
        actions.add_parser("list", help="list all keys, without their secrets")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except AccessError as error:
            raise CommandError(str(error)) from error

    def _make(self, *, name: str, scope: list[str], days: int | None, **options: Any) -> None:
        now = timezone.now()
        expires_at = None if days is None else now + timedelta(days=days)
        scopes = [Scope(each) for each in scope]
        self._show(make_key(name=name, scopes=scopes, now=now, expires_at=expires_at))

    def _rotate(self, *, prefix: str, overlap_hours: int | None, **options: Any) -> None:
        overlap = None if overlap_hours is None else timedelta(hours=overlap_hours)
        self._show(rotate_key(key=find_key(prefix), now=timezone.now(), overlap=overlap))

    def _revoke(self, *, prefix: str, **options: Any) -> None:
        key = find_key(prefix)
        revoke_key(key=key, now=timezone.now())
        self.stderr.write(
            f"{key} is revoked. Servers that used it recently accept it for up to 2 more seconds."
        )

    def _list(self, **options: Any) -> None:
        now = timezone.now()
        for key in ApiKey.objects.order_by("created_at", "id"):
            self.stdout.write(
                LINE.format(
                    prefix=key.prefix,
                    state=key.state(now),
                    expires=f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never expires",
                    used=f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used",
                    name=key.name,
                    scopes=key.scopes,
                )
            )

    def _show(self, created: CreatedKey) -> None:
        """Write the key, and nothing else, to standard output."""
        row = created.row
        self.stderr.write(f"{row} has the scopes {row.scopes}. Save this key; it is not shown again:")
        self.stdout.write(created.text)


def _non_negative(text: str) -> int:
    if not text.isdecimal() or int(text) > 36_500:
        raise ValueError
    return int(text)


def _positive(text: str) -> int:
    number = _non_negative(text)
    if number < 1:
        raise ValueError
    return number
