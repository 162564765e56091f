"""Admin pages of the catalogue, one module per model."""

from django.contrib import admin

from catalog.admin.category import CategoryAdmin
from catalog.admin.interaction import InteractionAdmin
from catalog.admin.product import ProductAdmin
from catalog.admin.tag import TagAdmin
from catalog.admin.user import UserAdmin

admin.site.site_header = "Shop recommendations"
admin.site.site_title = "Shop recommendations"
admin.site.index_title = "Catalogue and recommendations"

__all__ = ["CategoryAdmin", "InteractionAdmin", "ProductAdmin", "TagAdmin", "UserAdmin"]
