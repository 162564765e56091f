"""The network by which a client's address is counted."""

import pytest

from access.address import client_network


class TestClientNetwork:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("fe80::1%eth0", "fe80::/64"),
        ],
    )
    def test_is_the_ipv4_address_or_the_64_prefix(self, address: str, network: str):
        assert client_network(address) == network
