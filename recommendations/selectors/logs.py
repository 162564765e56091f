"""Everything that happened, read into arrays."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from catalog.models import Interaction
from core.db.prepared import columns, integers
from recommendations.engine.actions import Action
from recommendations.engine.log import Log
from recommendations.selectors.timestamps import Seconds

_CODES = {action.name.lower(): action.value for action in Action}


def log(*, since: int | None = None, until: int | None = None) -> Log:
    """Return the events of the shop, oldest first. 1 query, answered in the order of an index.

    since, until: whole seconds since 1970, the first and the last that count; None for everything
    """
    events = Interaction.objects.order_by("occurred_at", "id")
    if since is not None:
        events = events.filter(occurred_at__gte=datetime.fromtimestamp(since, UTC))
    if until is not None:
        events = events.filter(occurred_at__lt=datetime.fromtimestamp(until + 1, UTC))
    users, products, moments, actions = columns(
        events.values_list("user_id", "product_id", Seconds("occurred_at"), "action_type"), 4
    )
    return Log(integers(users), integers(products), integers(moments), action_codes(actions))


def action_codes(names: tuple[str, ...]) -> NDArray[np.uint8]:
    """Return the action types as the engine's codes."""
    return np.fromiter(map(_CODES.__getitem__, names), np.uint8, len(names))
