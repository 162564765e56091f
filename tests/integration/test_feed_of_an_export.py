"""What the admin exports, `import_feed --map` reads back as it was."""

from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.exporting.product_csv import product_csv
from catalog.models import Product
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
TEXT = st.text(st.sampled_from("aé<&>;,\"'|=+-\n <b>&amp;"), max_size=12)


def exported() -> str:
    return "".join(product_csv(Product.objects.all()))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXT, description=TEXT, brand=TEXT, value=TEXT, stock=st.none() | st.integers(0, 9))
def test_an_export_is_read_back_unchanged(tmp_path: Path, *, name, description, brand, value, stock):
    line = " ".join
    Product.objects.all().delete()
    ProductFactory(
        external_id="1",
        name=line(["x", *name.split()]),
        description=description.strip(),
        brand=line(brand.split()),
        attributes={"colour": [line(["x", *value.split()])]},
        stock=stock,
    )
    before = exported()
    (tmp_path / "products.csv").write_text(before, encoding="utf-8", newline="")
    (tmp_path / "map.toml").write_text('kind = "products"\n')
    Product.objects.all().delete()

    call_command(
        "import_feed", str(tmp_path / "products.csv"), "--map", str(tmp_path / "map.toml"), verbosity=0
    )

    assert exported() == before
