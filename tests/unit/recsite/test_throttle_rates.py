"""Rate limits are the defaults, changed by THROTTLE_RATES."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from access.throttle_scopes import ThrottleScope
from recsite.config.env import ROOT
from recsite.config.throttle_rates import A_MINUTE, LOGINS, Asker, Rate, rates

DEFAULTS = rates([], open_reads=False)
CALLERS = {Asker.KEY, Asker.USER, Asker.ADDRESS}


class TestDefaults:
    def test_limit_everybody_in_every_scope(self):
        assert set(DEFAULTS) == set(ThrottleScope)
        assert all(set(DEFAULTS[scope]) == CALLERS for scope in A_MINUTE)

    def test_limit_logins_by_user_and_address_and_in_total(self):
        assert set(DEFAULTS[ThrottleScope.LOGIN]) == {Asker.USER, Asker.ADDRESS, Asker.TOTAL}

    def test_are_stricter_the_less_is_known(self):
        for key, user, address in A_MINUTE.values():
            assert key > user > address

    def test_are_those_of_the_documentation(self):
        page = (ROOT / "docs/security.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", page, re.MULTILINE)

        in_page = {scope: tuple(int(n.replace(",", "")) for n in numbers) for scope, *numbers in rows}
        assert in_page == dict(A_MINUTE)

    def test_of_logins_are_those_of_the_documentation(self):
        page = (ROOT / "docs/security.md").read_text()
        (row,) = re.findall(r"^\| `login` \|.*\| (\d+)/m \| (\d+)/m \| (\d+)/s \|$", page, re.MULTILINE)

        in_page = [Rate(int(n), seconds) for n, seconds in zip(row, (60, 60, 1), strict=True)]
        assert in_page == list(LOGINS.values())

    def test_leave_alone_what_is_open_to_this_machine_only(self):
        opened = rates([], open_reads=True)

        free = {pace for pace, limits in opened.items() if Asker.ADDRESS not in limits}
        assert free == {ThrottleScope.RECOMMEND, ThrottleScope.SESSION, ThrottleScope.READ}
        assert all(Asker.KEY in opened[scope] for scope in A_MINUTE)


class TestEntries:
    def test_change_a_scope_for_all(self):
        changed = rates(["write=5/s"], open_reads=False)

        assert changed[ThrottleScope.WRITE] == dict.fromkeys(CALLERS, Rate(5, 1))
        assert changed[ThrottleScope.READ] == DEFAULTS[ThrottleScope.READ]

    def test_for_callers_leave_the_total_of_logins_alone(self):
        changed = rates(["login=5/m"], open_reads=False)[ThrottleScope.LOGIN]

        assert changed == {
            Asker.USER: Rate(5, 60),
            Asker.ADDRESS: Rate(5, 60),
            Asker.TOTAL: LOGINS[Asker.TOTAL],
        }

    def test_change_the_total_of_logins_by_its_name(self):
        assert rates(["login:total=9/s"], open_reads=False)[ThrottleScope.LOGIN][Asker.TOTAL] == Rate(9, 1)
        assert Asker.TOTAL not in rates(["login:total=off"], open_reads=False)[ThrottleScope.LOGIN]
        assert rates(["login=off"], open_reads=False)[ThrottleScope.LOGIN] == {}

    def test_change_it_for_some(self):
        changed = rates(["write:user=7/h"], open_reads=False)

        assert changed[ThrottleScope.WRITE] == {**DEFAULTS[ThrottleScope.WRITE], Asker.USER: Rate(7, 3600)}

    def test_turn_it_off(self):
        assert rates(["bulk=off"], open_reads=False)[ThrottleScope.BULK] == {}
        assert not any(rates(["all=off"], open_reads=False).values())

    def test_count_in_their_order(self):
        changed = rates(["all=off", "read:address=9/m", "read:address=8/m"], open_reads=True)

        assert changed[ThrottleScope.READ] == {Asker.ADDRESS: Rate(8, 60)}

    @pytest.mark.parametrize(
        "entry",
        [
            *("recommend", "recommend=", "recommend=600", "recommend=0/m", "recommend=-1/m", "recommend=6/d"),
            *(
                "reads=6/m",
                "read:keys=6/m",
                "read:total=6/m",
                "login:key=6/m",
                "read:=6/m",
                "=6/m",
                "read=6/m/s",
                "read=OFF",
                "read = 6/m",
            ),
        ],
    )
    def test_are_refused_when_they_cannot_be_right(self, entry: str):
        with pytest.raises(ImproperlyConfigured, match="THROTTLE_RATES contains"):
            rates([entry], open_reads=False)
