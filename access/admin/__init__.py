"""The pages of access: keys, and who is locked out."""

from access.admin.api_key import ApiKeyAdmin
from access.admin.failed_login import FailedLoginAdmin

__all__ = ["ApiKeyAdmin", "FailedLoginAdmin"]
