"""Event weights and their decay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import ActionType
from recommendations.engine.actions import DAY, Action, EventTable

RAW = {
    name: {"WEIGHT": n, "HALF_LIFE_DAYS": 10} for n, name in enumerate(("view", "click", "cart", "purchase"))
}
RAW["dismiss"] = {"WEIGHT": -2, "HALF_LIFE_DAYS": 20}


class TestAction:
    def test_names_what_the_catalogue_stores(self):
        assert {action.name.lower() for action in Action} == set(ActionType.values)


class TestEventTable:
    def test_halves_what_an_event_is_worth_after_each_half_life(self):
        at = np.array([0, 0, -10 * DAY, -20 * DAY])
        actions = np.array([Action.PURCHASE, Action.DISMISS, Action.PURCHASE, Action.DISMISS], np.uint8)

        assert EventTable.of(RAW).weigh(actions, at, 0).tolist() == [3, -2, 1.5, -1]

    def test_counts_an_event_yet_to_come_as_new(self):
        worth = EventTable.of(RAW).weigh(np.array([Action.CLICK], np.uint8), np.array([DAY]), 0)

        assert worth.tolist() == [1]

    @given(power=st.floats(0.05, 2), days=st.integers(0, 500), action=st.sampled_from(sorted(set(Action))))
    def test_is_softened_to_the_worth_of_each_event_to_some_power(self, power, days, action):
        table, actions, at = EventTable.of(RAW), np.array([action], np.uint8), np.array([-days * DAY])
        heaviest = 3

        softened = table.softened(power).weigh(actions, at, 0)[0]

        worth = table.weigh(actions, at, 0)[0] / heaviest
        assert softened == pytest.approx(np.sign(worth) * abs(worth) ** power)

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (
                {**RAW, "stare": RAW["view"]},
                "names .*stare.*; it must name view, click, cart, purchase, dismiss",
            ),
            ({"view": RAW["view"]}, "names view; it must name"),
            ({**RAW, "view": {"WEIGHT": 1}}, r"EVENTS\['view'\] holds WEIGHT; it must hold"),
            ({**RAW, "view": {"WEIGHT": -1, "HALF_LIFE_DAYS": 1}}, r"\['view'\]\['WEIGHT'\] is -1"),
            ({**RAW, "dismiss": {"WEIGHT": 1, "HALF_LIFE_DAYS": 1}}, r"\['dismiss'\]\['WEIGHT'\] is 1"),
            ({**RAW, "cart": {"WEIGHT": 1, "HALF_LIFE_DAYS": 0}}, r"\['cart'\]\['HALF_LIFE_DAYS'\] is 0"),
            (
                {**RAW, "cart": {"WEIGHT": "1", "HALF_LIFE_DAYS": 9}},
                "is '1'; it must be a number from 0 to 1000",
            ),
        ],
    )
    def test_names_what_is_wrong(self, raw: dict[str, dict[str, object]], message: str):
        with pytest.raises(ValueError, match=message):
            EventTable.of(raw)
