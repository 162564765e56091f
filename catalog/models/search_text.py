"""The folded text of each product, in which search looks."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from core.folding import fold

# The columns of a product in which search looks. Triggers watch them (`catalog.search.index`).
SEARCHED_COLUMNS = ("name", "description", "brand", "external_id")


class SearchTextQuerySet(models.QuerySet["SearchText"]):
    def pending(self) -> "SearchTextQuerySet":
        """Return the empty rows, whose products were changed by what folds no texts, such as SQL."""
        return self.filter(text=None)


class SearchText(models.Model):
    """The folded text of the product with the same id.

    Triggers create a row with each product, delete it with the product, and empty it when a column in which
    search looks changes. Whatever changes products by the ORM fills the row in the same transaction.
    """

    text = models.TextField(null=True, help_text="The folded name, and below it the folded description.")  # noqa: DJ001
    keys = models.TextField(null=True, help_text="The folded brand, and below it the folded external ID.")  # noqa: DJ001

    objects: ClassVar = SearchTextQuerySet.as_manager()

    class Meta:
        default_permissions = ()  # not shown in the admin
        indexes = [models.Index("id", condition=Q(text=None), name="search_text_pending")]

    def __str__(self) -> str:
        return f"search text of product {self.pk}"

    @classmethod
    def of(cls, pk: int, name: str, description: str, brand: str, external_id: str | None) -> Self:
        """Return the row of a product; the parameters are its id and the searched columns."""
        text = f"{fold(name)}\n{fold(description)}"
        return cls(pk=pk, text=text, keys=f"{fold(brand)}\n{fold(external_id or '')}")


def fold_products(products: "QuerySet[Any]") -> int:
    """Fill the search texts of those of the products whose texts are empty, and return their number.

    Must run in a transaction that has changed the products, or locked their texts. 1 query if none is empty,
    otherwise 2; on SQLite one more for every 333 products.
    """
    using = products.db
    empty = SearchText.objects.using(using).pending().filter(pk=OuterRef("pk"))
    rows = products.filter(Exists(empty)).order_by("pk").values_list("pk", *SEARCHED_COLUMNS)
    texts = [SearchText.of(*row) for row in rows]
    SearchText.objects.using(using).bulk_create(
        texts, update_conflicts=True, unique_fields=["id"], update_fields=["text", "keys"]
    )
    return len(texts)
