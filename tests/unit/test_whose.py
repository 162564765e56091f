"""For whom an address stands, where somebody asks too often."""

import pytest

from access.address import whose


class TestWhose:
    @pytest.mark.parametrize(
        ("address", "stands_for"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("fe80::1%eth0", "fe80::/64"),
        ],
    )
    def test_is_itself_or_the_half_that_one_caller_has(self, address: str, stands_for: str):
        assert whose(address) == stands_for
