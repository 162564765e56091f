"""Explanations that workers write."""

import re

from recommendations.models import WrittenText

_DIGEST = re.compile("[0-9a-f]{32}")


def written_text(digest: str) -> WrittenText | None:
    """Return the text with that digest, None without one. 1 query; none for a malformed digest."""
    return WrittenText.objects.filter(digest=digest).first() if _DIGEST.fullmatch(digest) else None
