"""The recommendations' pages for staff: what was stored ahead, and what a shopper is shown today."""

from recommendations.admin.stored_list import StoredListAdmin

__all__ = ["StoredListAdmin"]
