"""The change feed: which products an answer could show differently than before."""

from typing import Any

from django.db import models


class TransactionId(models.BigIntegerField):  # type: ignore[type-arg]
    """The id of a writing transaction: xid8 on PostgreSQL, 0 elsewhere."""

    def db_type(self, connection: Any) -> str | None:
        return "xid8" if connection.vendor == "postgresql" else super().db_type(connection)


class ProductChange(models.Model):
    """A change of a product, or of all of them. Triggers write the rows (`catalog.triggers`)."""

    product_id = models.BigIntegerField(
        null=True, help_text="Not a foreign key: the product may be deleted. Empty: any product may differ."
    )
    transaction_id = TransactionId(help_text="The transaction that made the change.")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index("transaction_id", name="product_change_transaction")]

    def __str__(self) -> str:
        return f"change {self.pk} of product {self.product_id}"
