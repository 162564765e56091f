"""What the triggers of both databases have in common: names, and the columns that they watch."""

from catalog.models import Product
from catalog.models.product import SHOWN_COLUMNS

PREFIX = "noted_"  # of the triggers' names
# A statement that changes more products is noted as one row: any product may differ.
MOST_NOTED = 1000
IN_ITSELF = "a category must not be below itself"
COLUMNS = {field.name: str(field.column) for field in Product._meta.concrete_fields}
SHOWN = ["id", *(COLUMNS[name] for name in SHOWN_COLUMNS)]
# What a deleted or changed event adds to User.history_version; a new one adds 1. So two versions tell whether
# events were only added, and how many.
HISTORY_EDIT = 1 << 32
HISTORY = ["id", "user_id", "product_id", "action_type", "occurred_at"]
