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


class NoShop(CatalogError):
    """There is no directory of the given name to import a shop from."""


class BadShop(CatalogError):
    """Something is wrong with a shop's files, and the import was asked to store all of it or nothing."""
