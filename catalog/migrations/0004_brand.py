"""Adds a product's brand."""

import core.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_stored_answer"),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="brand",
            field=models.CharField(
                blank=True, default="", max_length=255, validators=[core.text.validate_line]
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(models.F("brand"), models.F("id"), name="product_by_brand"),
        ),
    ]
