"""The pages of access: accounts, groups, keys, and who is locked out."""

from access.admin.account import AccountAdmin, GroupAdmin
from access.admin.api_key import ApiKeyAdmin
from access.admin.failed_login import FailedLoginAdmin

__all__ = ["AccountAdmin", "ApiKeyAdmin", "FailedLoginAdmin", "GroupAdmin"]
