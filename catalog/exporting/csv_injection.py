"""Cells of a CSV file that a spreadsheet would take for formulas, and how they are kept from being run."""

import re

# How a formula begins, for one program or another: after blanks, and after marks that were put before it.
_FORMULA = re.compile("'*\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def guarded(value: str) -> str:
    """Return the value with an apostrophe before it if it could be run; spreadsheets take it for a text then.

    One that begins so already gets another apostrophe, so that `unguarded` gives every value back as it was.
    """
    return f"'{value}" if _FORMULA.match(value) else value


def unguarded(value: str) -> str:
    """Return the value as it was before `guarded`."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value, 1) else value
