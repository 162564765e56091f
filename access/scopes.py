"""What a key may be for, and what a member of staff must be allowed to do to give it."""

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
    Scope.CATALOG_WRITE: "add, change and delete products and categories; sees inactive products",
    Scope.EVENTS_WRITE: "report what shoppers did",
    Scope.RECOMMEND_READ: "read recommendations, of every shopper and of nobody in particular",
    Scope.USERS_READ: "read shoppers and what they did",
    Scope.USERS_WRITE: "add, change and delete shoppers",
    Scope.TOKENS_ISSUE: "make tokens with which a shopper's browser reads what concerns that shopper",
}

# Whoever makes a key can use it, so nobody gives one that can do more than they may do themselves. What is
# not named here every member of staff may do.
PERMISSIONS = {
    Scope.CATALOG_WRITE: tuple(
        f"catalog.{verb}_{model}" for model in ("product", "category") for verb in ("add", "change", "delete")
    ),
    Scope.EVENTS_WRITE: ("catalog.add_interaction",),
    Scope.USERS_WRITE: (
        *(f"catalog.{verb}_user" for verb in ("add", "change", "delete")),
        "catalog.delete_interaction",
    ),
}
