"""Scopes of API keys, and the permissions that staff need to grant them."""

from enum import StrEnum


class Scope(StrEnum):
    CATALOG_READ = "catalog:read"
    CATALOG_WRITE = "catalog:write"
    EVENTS_WRITE = "events:write"
    RECOMMEND_READ = "recommend:read"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    TOKENS_ISSUE = "tokens:issue"


MEANINGS = {
    Scope.CATALOG_READ: "read products and categories",
    Scope.CATALOG_WRITE: "add, change and delete products and categories; see inactive products",
    Scope.EVENTS_WRITE: "send shoppers' events",
    Scope.RECOMMEND_READ: "read recommendations, for every shopper and for anonymous visitors",
    Scope.USERS_READ: "read shoppers and their history",
    Scope.USERS_WRITE: "add, change and delete shoppers, and correct and delete their events",
    Scope.TOKENS_ISSUE: "issue tokens with which a shopper's browser reads that shopper's data",
}

# Staff who create a key can use it, so they may only grant what they may do themselves. Every member of staff
# may grant the scopes that are not listed here.
PERMISSIONS = {
    Scope.CATALOG_WRITE: tuple(
        f"catalog.{verb}_{model}" for model in ("product", "category") for verb in ("add", "change", "delete")
    ),
    Scope.EVENTS_WRITE: ("catalog.add_interaction",),
    Scope.USERS_WRITE: (
        *(f"catalog.{verb}_user" for verb in ("add", "change", "delete")),
        "catalog.change_interaction",
        "catalog.delete_interaction",
    ),
}
