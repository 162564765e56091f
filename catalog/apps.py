"""The catalogue app: the shop's users, its products, and the interactions between them."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalogue"
