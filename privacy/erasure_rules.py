"""What becomes of rows that know a person, where no CASCADE of the database says that they go along."""

from enum import StrEnum


class ErasureRule(StrEnum):
    GOES = "goes"  # the row is the person's: exported, and deleted with them
    STAYS = "stays"  # the row is the shop's: exported, and it forgets who


# "app.Model.field" of every relation that is not CASCADE. `manage.py check` misses those that are not here;
# a name of what is not installed does nothing.
ERASURE_RULES = {
    "access.ApiKey.created_by": ErasureRule.STAYS,
    "catalog.User.account": ErasureRule.STAYS,
    "privacy.Receipt.by": ErasureRule.STAYS,
}

# Columns that hold a username as text, of rows that stay.
USERNAMES = ("recommendations.TrainedModel.created_by", "recommendations.GenerationRun.started_by")

# Columns that are shown to nobody, the person themselves included: they let in, or help to get in.
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
