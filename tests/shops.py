"""Writes shops to import: the three CSV files of a directory."""

from collections.abc import Iterable
from pathlib import Path

HEADERS = {
    "products": "id,name,category,price,description,tags",
    "users": "id,name",
    "interactions": "user_id,product_id,action_type,created_at",
}


def write_shop(directory: Path, **files: Iterable[str]) -> Path:
    """Write each named file with its header and these lines; return the directory."""
    for name, lines in files.items():
        (directory / f"{name}.csv").write_text("\n".join([HEADERS[name], *lines, ""]), encoding="utf-8")
    return directory
