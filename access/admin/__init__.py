"""The admin pages of accounts, groups, API keys and failed logins."""

from access.admin.account import AccountAdmin, GroupAdmin
from access.admin.api_key import ApiKeyAdmin
from access.admin.failed_login import FailedLoginAdmin

__all__ = ["AccountAdmin", "ApiKeyAdmin", "FailedLoginAdmin", "GroupAdmin"]
