"""Shops in files full of odd and wrong values, and what is stored of them.

`python -m tests.odd_shops DIR` imports three versions of a shop into the empty database of DATABASE_URL and
prints, as JSON, what was said and stored after each.
"""

import csv
import gzip
import io
import json
import random
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

N_VERSIONS = 3
IDS = [
    "tea",
    "Tea",
    "téa",
    "tea\u0301",
    "\\N",
    "\\.",
    "a\\tb",
    '"q"',
    "NULL",
    "null",
    "0",
    "-1",
    "'=x",
    "🫖",
    "x/y",
    "",
]
NAMES = [
    "Tea",
    " Tea ",
    "tea",
    "\\N",
    "\\.",
    "\\\\",
    "{a,b}",
    "NULL",
    "'+1",
    "Ünïcode",
    "\u202eabc",
    "🫖" * 255,
    "x" * 256,
    "a\tb",
    "a\x00b",
]
CATEGORIES = ["", "Food", "food", "\\N", "Größe", "x" * 256, " Food"]
PRICES = [
    "2.50",
    "2.5",
    "0",
    "-0",
    "1e2",
    "+3.",
    ".5",
    "9999999999.99",
    "10000000000",
    "1.005",
    "-1",
    "NaN",
    "2,50",
    "",
]
TEXTS = ["", "Black.", "two\nlines", "tab\tand \\n", "\\.", "\\N", 'a,b;"c"', "x\x01", "\r\n"]
TAGS = [
    "",
    "hot",
    "hot|leaf",
    "leaf|hot",
    "hot|hot| hot",
    "\\N|\\.",
    "Hot|hot",
    "|||",
    "x" * 256,
    "a|b|c|d",
    "{}|'",
]
STOCKS = ["", "0", "007", "5", "-1", "2147483647", "2147483648", "1.5"]
BRANDS = ["", "Leaf & Co", "\\N", "x" * 256]
USER_NAMES = ["Ann", "", "\\N", "Zoë", " Ann", "a\x85b", "O'Hara \\ Söhne"]
ACTIONS = ["view", "click", "cart", "purchase", "dismiss", " view ", "View", ""]
TIMES = [
    *("2026-03-01", "2026-03-01T09:00:00Z", "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00.000001Z"),
    *("1900-01-01", "9998-12-31T23:59:59.999999Z", "9999-01-01", "yesterday", "", "1969-12-31T23:59:59Z"),
]  # fmt: skip


def write_odd_shop(directory: Path, seed: int) -> None:
    """Write the files of one version of the shop. Versions share most of their ids."""
    draw = random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    optional = {
        name: values for name, values in (("stock", STOCKS), ("brand", BRANDS)) if draw.random() < 0.7
    }
    columns = {
        "id": IDS, "name": NAMES, "category": CATEGORIES, "price": PRICES, "description": TEXTS, "tags": TAGS,
        **optional,
    }  # fmt: skip
    ids = [*(f"p{n}" for n in range(40)), *IDS]
    _write(directory / "products.csv", columns, _rows(draw, columns, ids), draw)
    columns = {"id": IDS, "name": USER_NAMES}
    _write(
        directory / "users.csv", columns, _rows(draw, columns, [*(f"u{n}" for n in range(20)), *IDS]), draw
    )
    columns = {
        "user_id": ["u1", "u2", *IDS],
        "product_id": ["p1", "p2", *IDS],
        "action_type": ACTIONS,
        "created_at": TIMES,
    }
    events = [[_mostly_good(draw, values) for values in columns.values()] for _ in range(300)]
    (directory / "interactions.csv.gz").unlink(missing_ok=True)
    _write(directory / "interactions.csv", columns, events + events[::3], draw)
    if draw.random() < 0.5:
        plain = directory / "interactions.csv"
        (directory / "interactions.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()


def stored() -> dict[str, Any]:
    """Return all that is stored, without numbers that depend on the database."""
    from catalog.models import Category, Interaction, Product, Tag, User

    events = Interaction.objects.order_by("id").select_related("user", "product")
    return {
        "products": [
            [
                *(product.external_id, product.name, product.category and product.category.name),
                *(
                    f"{product.price:.2f}",
                    product.description,
                    product.stock,
                    product.brand,
                    product.is_active,
                ),
                sorted(tag.name for tag in product.tags.all()),
            ]
            for product in Product.objects.order_by("id").select_related("category").prefetch_related("tags")
        ],
        "users": [list(row) for row in User.objects.order_by("id").values_list("external_id", "name")],
        "categories": list(Category.objects.order_by("id").values_list("name", flat=True)),
        "tags": list(Tag.objects.order_by("id").values_list("name", flat=True)),
        "events": [
            [
                *(event.user.external_id, event.product.external_id, event.action_type),
                *(event.occurred_at.isoformat(), event.event_key),
            ]
            for event in events
        ],
    }


def _rows(draw: random.Random, columns: dict[str, list[str]], ids: list[str]) -> list[list[str]]:
    others = list(columns.values())[1:]
    draw.shuffle(ids)
    rows = [[key, *(_mostly_good(draw, values) for values in others)] for key in ids[: len(ids) * 3 // 4]]
    return rows + draw.sample(rows, 2)


def _mostly_good(draw: random.Random, values: list[str]) -> str:
    return draw.choice(values if draw.random() < 0.3 else values[:4])


def _write(path: Path, columns: dict[str, list[str]], rows: list[list[str]], draw: random.Random) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=draw.choice(["\n", "\r\n"]))
    writer.writerow(columns)
    for row in rows:
        fate = draw.random()
        if fate < 0.01:
            text.write('unclosed,"quote\n')
        elif fate < 0.02:
            writer.writerow([*row, "too", "many"])
        elif fate < 0.03:
            text.write("\n")
        writer.writerow(row)
    encoded = text.getvalue().encode()
    path.write_bytes(encoded.replace(b"Gr\xc3\xb6\xc3\x9fe", b"Gr\xf6\xdfe", 1))  # one value in Latin-1


def main(directory: Path) -> None:
    django.setup()
    from tests.shops import run_import

    call_command("migrate", verbosity=0)
    reported = []
    for seed in range(N_VERSIONS):
        write_odd_shop(directory, seed)
        for _ in range(2):
            ran = run_import(directory)
            summary = ran.out.partition("Imported")[0]
            reported.append([summary, ran.problems, ran.error, stored()])
    json.dump(reported, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
