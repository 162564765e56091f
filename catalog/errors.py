"""Errors of the catalogue; each message says what was requested and what is allowed."""

from collections.abc import Mapping

from core.text import cut


class CatalogError(Exception):
    """Base class of the catalogue's errors."""


class InUse(CatalogError):
    """The row cannot be deleted, because other rows refer to it."""


class InvalidEvents(CatalogError):
    """Some of the events are invalid, so none was stored.

    errors: one entry per problem: index of the event, field, value, message
    """

    def __init__(self, errors: list[dict[str, object]]) -> None:
        super().__init__(f"{len(errors)} problem(s) in the interactions; nothing was stored.")
        self.errors = errors


class EventIdReused(CatalogError):
    """Some of the events have an `event_id` that another event has, so none was stored.

    errors: one entry for each: index of the event, field, value, message
    """

    def __init__(self, errors: list[dict[str, object]]) -> None:
        super().__init__(f"{len(errors)} event_id(s) are those of other events; nothing was stored.")
        self.errors = errors


class TooManyEvents(CatalogError):
    """A request contains too many events, products or users."""

    def __init__(self, sent: int, most: int) -> None:
        super().__init__(f"Contains {sent:,} or more events; send at most {most:,} at a time.")


class InvalidIdempotencyKey(CatalogError):
    """The idempotency key is not 1 to 255 visible ASCII characters.

    errors: one entry: field, value, message
    """

    def __init__(self, header: str, value: str) -> None:
        super().__init__(f"{header} is invalid; nothing was stored.")
        message = "Must be 1 to 255 visible ASCII characters, without spaces."
        self.errors = [{"field": header, "value": value, "message": message}]


class IdempotencyKeyReused(CatalogError):
    """The idempotency key was used before with a different body."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {cut(key)!r} was used before with a different body; use a new key for a "
            "new request. Nothing was stored."
        )


class NoRows(CatalogError):
    """A bulk request contains no rows.

    errors: one entry: field, value, message
    """

    def __init__(self, most: int) -> None:
        super().__init__("Nothing was sent.")
        message = f"Contains no rows; send 1 to {most:,} at a time."
        self.errors: list[dict[str, object]] = [{"field": None, "value": None, "message": message}]


class ImportIncomplete(CatalogError):
    """An import cannot be finished, because its calls had another number of products than it should have."""

    def __init__(self, name: str, *, n_noted: int, n_calls: int, total: int) -> None:
        super().__init__(
            f"The calls of the import {cut(name)!r} within 24 hours had {n_noted:,} products ({n_calls:,} "
            f"calls, with this one), and total says {total:,}. A call is missing, or another import has the "
            "same name. Nothing was changed; send the missing call, or all under a new name."
        )


class UnknownUser(CatalogError):
    """There is no user for a reference."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no user {cut(reference)!r}.")


class UnknownInteraction(CatalogError):
    """There is no event with an id or an `event_id`."""

    def __init__(self, lookup: Mapping[str, int | str]) -> None:
        named = f"ext:{lookup['event_key']}" if "event_key" in lookup else str(lookup["pk"])
        super().__init__(f"There is no interaction {cut(named)!r}.")


class CannotMerge(CatalogError):
    """A user cannot be merged into another one."""


class WasMerged(CatalogError):
    """The id is that of a user that was merged into another one, so it cannot be changed or deleted."""

    def __init__(self, reference: str, user_id: int) -> None:
        super().__init__(f"{cut(reference)!r} was merged into user {user_id}. Change or delete that one.")


class ShopNotFound(CatalogError):
    """The directory to import does not exist, or contains no shop."""


class AnotherShop(CatalogError):
    """The database contains another shop than the directory to import."""


class InvalidShop(CatalogError):
    """A strict import found problems in the shop's files and stored nothing."""
