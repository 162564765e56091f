"""Rules for rows that refer to a person: what erasure does where the relation is not CASCADE."""

from enum import StrEnum


class ErasureRule(StrEnum):
    DELETE = "delete"  # the row belongs to the person: exported, and deleted with them
    ANONYMIZE = "anonymize"  # the row belongs to the shop: exported, and kept without the reference


# "app.Model.field" of every relation that is not CASCADE. `manage.py check` reports a missing one; entries of
# apps that are not installed have no effect.
ERASURE_RULES = {
    "access.ApiKey.created_by": ErasureRule.ANONYMIZE,
    "catalog.User.account": ErasureRule.ANONYMIZE,
    "privacy.Receipt.by": ErasureRule.ANONYMIZE,
}

# Text columns with a username, of rows that are kept.
USERNAMES = ("recommendations.TrainedModel.created_by", "recommendations.GenerationRun.started_by")

# Columns that are never exported: they hold credentials.
SECRETS = frozenset(
    {
        "access.Account.password",
        "access.ApiKey.digest",
        "access.Login.jti",
        "access.Login.password_mark",
        "sessions.Session.session_key",
        "sessions.Session.session_data",
    }
)
