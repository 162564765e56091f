"""The access table in docs/security.md, parsed, and its result for a caller."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.api.callers import Caller

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
ROW = re.compile(
    r"^\| (?P<address>`/[^`]*`|anything else) \| (?P<method>[A-Z]+) " + r"\| ([^|]+) " * 4 + r"\|$", re.M
)
OK, UNKNOWN, FORBIDDEN = "ok", 401, 403


@dataclass(frozen=True)
class Row:
    address: str
    method: str
    nobody: str
    shopper: str
    staff: str
    key: str

    @property
    def named(self) -> str:
        return f"{self.method} {self.address}"

    def permissions(self) -> frozenset[str]:
        return frozenset(re.findall(r"`(\w+\.\w+)`", self.staff))

    def is_open_to_all(self) -> bool:
        return self.nobody == "yes"

    def says(self, caller: Caller, *, reads_are_open: bool) -> int | str:
        """Return the table's result for the caller: OK or a status."""
        if self.is_open_to_all():
            return OK
        if caller.kind == "bad":
            return UNKNOWN
        if caller.kind == "nobody" and not (self.nobody == "open" and reads_are_open):
            return UNKNOWN if caller.session is None else FORBIDDEN
        may = {
            "nobody": True,
            "shopper": self.shopper in ("yes", "own"),
            "other": self.shopper == "yes",
            "staff": self.staff != "no" and (caller.may_all or self.permissions() <= caller.may),
            "key": self.key == "any" or self.key.strip("`") in caller.may,
        }
        return OK if may[caller.kind] else FORBIDDEN


def rows() -> list[Row]:
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return [Row(*(cell.strip() for cell in (cells[0].strip("`"), *cells[1:]))) for cells in found]


TABLE = rows()
OTHERS = {"/admin/login/", "/admin/…", "/metrics", "anything else"}
OF_API = [row for row in TABLE if row.address not in OTHERS]
