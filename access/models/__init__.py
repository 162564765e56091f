"""The tables of access."""

from access.models.api_key import ApiKey
from access.models.login import Login

__all__ = ["ApiKey", "Login"]
