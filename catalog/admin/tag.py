"""Tag admin."""

from django.contrib import admin

from catalog.admin.term import TermAdmin
from catalog.models import Tag


@admin.register(Tag)
class TagAdmin(TermAdmin[Tag]):
    product_field = "tags"
