"""The catalogue's tables."""

from catalog.models.interaction import ActionType, Interaction
from catalog.models.product import Category, Product, Tag
from catalog.models.user import User

__all__ = ["ActionType", "Category", "Interaction", "Product", "Tag", "User"]
