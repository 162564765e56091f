"""Models of accounts, API keys and token logins."""

from access.models.account import Account
from access.models.api_key import ApiKey
from access.models.login import Login

__all__ = ["Account", "ApiKey", "Login"]
