"""Models of the catalogue."""

from catalog.models.change import ProductChange
from catalog.models.former_user import FormerUser
from catalog.models.import_part import ImportPart
from catalog.models.interaction import ActionType, Interaction
from catalog.models.product import Category, Product, Tag
from catalog.models.search_text import SearchText
from catalog.models.stored_answer import StoredAnswer
from catalog.models.user import User

__all__ = [
    "ActionType",
    "Category",
    "FormerUser",
    "ImportPart",
    "Interaction",
    "Product",
    "ProductChange",
    "SearchText",
    "StoredAnswer",
    "Tag",
    "User",
]
