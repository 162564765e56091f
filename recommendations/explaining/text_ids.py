"""Ids of the explanations that workers write, which callers see in `explanation_url`."""

import hmac

from recommendations.explainers.base import Evidence


def text_id(key: str, facts: Evidence, writer: str, user_id: int | None) -> str:
    """Return the id of the explanation, 32 hex digits, the same whenever the same is to be explained.

    Only the server can compute it. Evidence with a name belongs to one shopper, even if another one with that
    name has the same; evidence without a name is the same for every shopper with this behaviour.

    key: secret; writer: an explainer's identity; user_id: may be None if the evidence has no name
    """
    owner = str(user_id) if facts.user_name else ""
    content = f"{owner}:{facts.digest(writer)}"
    return hmac.new(key.encode(), content.encode(), "sha256").hexdigest()[:32]
