"""Events as a caller sends them, and what is wrong with them."""

from typing import Any

from catalog.models import Interaction


def event(**changes: Any) -> dict[str, Any]:
    sent = {"user_id": "ext:anna", "product_id": "ext:lamp", "action_type": "view", **changes}
    return {name: value for name, value in sent.items() if value is not ...}


def faults(answer) -> list[tuple[int, str]]:
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Interaction.objects.exists()
    return [(error["index"], error["field"]) for error in answer.json()["errors"]]
