"""Adds a product's stock, and the events `cart` and `dismiss`.

Going back deletes those events, as 0001 cannot hold them, and the stock.
"""

import django.core.validators
from django.db import migrations, models


def delete_new_deeds(apps, schema_editor):
    interactions = apps.get_model("catalog", "Interaction").objects.using(schema_editor.connection.alias)
    interactions.filter(action_type__in=["cart", "dismiss"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="product",
            name="stock",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="How many are left; 0 is sold out, and recommended to nobody. Empty: not tracked.",
                null=True,
                validators=[django.core.validators.MaxValueValidator(2147483647)],
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("stock__isnull", True), ("stock__range", (0, 2147483647)), _connector="OR"
                ),
                name="product_stock_in_range",
                violation_error_message="A stock is empty, or a whole number from 0 to 2147483647.",
            ),
        ),
        migrations.RemoveIndex(
            model_name="interaction",
            name="interaction_by_product",
        ),
        migrations.RemoveIndex(
            model_name="interaction",
            name="interaction_by_time",
        ),
        migrations.RemoveConstraint(
            model_name="interaction",
            name="interaction_action_known",
        ),
        migrations.AlterField(
            model_name="interaction",
            name="action_type",
            field=models.CharField(
                choices=[
                    ("view", "View"),
                    ("click", "Click"),
                    ("cart", "Cart"),
                    ("purchase", "Purchase"),
                    ("dismiss", "Dismiss"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="interaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("action_type__in", ["view", "click", "cart", "purchase", "dismiss"])),
                name="interaction_action_known",
            ),
        ),
        # Indexes come last: on SQLite each change before builds the table anew, with all that it has.
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                models.F("product"),
                models.OrderBy(models.F("occurred_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                models.F("action_type"),
                name="interaction_by_product",
            ),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                models.OrderBy(models.F("occurred_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                models.F("product"),
                models.F("action_type"),
                name="interaction_by_time",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, delete_new_deeds, elidable=True),
    ]
