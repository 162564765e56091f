"""What can go wrong in the catalogue, by name; each message says what was asked and what would be right."""


class CatalogError(Exception):
    """Base of the catalogue's errors."""


class InUse(CatalogError):
    """The row cannot be deleted: others stand on it."""


class BadEvents(CatalogError):
    """Some of the interactions cannot be stored, so none was.

    errors: one entry a problem: index of the event, field, value, message.
    """

    def __init__(self, errors: list[dict[str, object]]) -> None:
        super().__init__(f"{len(errors)} problem(s) in the interactions; nothing was stored.")
        self.errors = errors


class TooManyEvents(CatalogError):
    """More interactions were sent at once than are taken."""

    def __init__(self, sent: int, most: int) -> None:
        super().__init__(f"Holds {sent:,} events, or more; send at most {most:,} at a time.")


class BadKey(CatalogError):
    """What should name a request cannot: it may be of 1 to 255 visible ASCII characters.

    errors: the one problem: field, value, message.
    """

    def __init__(self, header: str, value: str) -> None:
        super().__init__(f"{header} cannot be used; nothing was stored.")
        message = "Must be 1 to 255 visible ASCII characters, without blanks."
        self.errors = [{"field": header, "value": value, "message": message}]


class KeyOfAnother(CatalogError):
    """The same key came before, with another body."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {key!r} came before, with another body; a new request needs a new key. "
            f"Nothing was stored."
        )


class NoShop(CatalogError):
    """There is no directory of the given name to import a shop from."""


class BadShop(CatalogError):
    """Something is wrong with a shop's files, and the import was asked to store all of it or nothing."""
