"""``cidr``: addresses and networks, checked against Python's own."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.values import MISSING
from tests.language.extracting import extract, refusal

ALL = [255, 255, 255, 255]
ALL_6 = [65535] * 8


@pytest.mark.parametrize(
    ("string", "prefix", "mask"),
    [
        ("192.168.1.7", [192, 168, 1, 7], ALL),
        ("192.168.1.7/24", [192, 168, 1, 0], [255, 255, 255, 0]),
        ("192.168.1.7/0", [0, 0, 0, 0], [0, 0, 0, 0]),
        ("10.9.8.7/08", [10, 0, 0, 0], [255, 0, 0, 0]),
        ("10", [10, 0, 0, 0], ALL),
        ("10.1", [10, 0, 0, 1], ALL),
        ("10.1.2", [10, 1, 0, 2], ALL),
        ("10.1/8", [10, 0, 0, 0], [255, 0, 0, 0]),
        ("010.001.000.255", [10, 1, 0, 255], ALL),
        ("::", [0] * 8, ALL_6),
        ("::1/128", [0, 0, 0, 0, 0, 0, 0, 1], ALL_6),
        ("12:34::/16", [0x12, 0, 0, 0, 0, 0, 0, 0], [65535, 0, 0, 0, 0, 0, 0, 0]),
        ("2001:DB8::ffff/33", [0x2001, 0xDB8, 0, 0, 0, 0, 0, 0], [65535, 65535, 0x8000, 0, 0, 0, 0, 0]),
        ("::ffff:1.2.3.4", [0, 0, 0, 0, 0, 65535, 0x102, 0x304], ALL_6),
    ],
)
def test_an_address_or_a_network_gives_prefix_and_mask(
    string: str, prefix: list[int], mask: list[int]
) -> None:
    assert extract("cidr", "", string) == {"prefix": prefix, "mask": mask}


@pytest.mark.parametrize(
    "string",
    ["", "a", "256", "1.2.3.256", "1.2.3.", ".1", "1..2", "1.2.3.4.5", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/008", "+1",
     "1.2.3.4 ", "-1", "1.2.3.4/-1", "1/2/3", "::1/129", ":::", "1::2::3", "fe80::1%eth0", "[::1]", "ff",
     "\u0661.2.3.4", "1" * 5000],
)  # fmt: skip
def test_anything_else_does_not_match(string: str) -> None:
    assert extract("cidr", "", string) is MISSING


LISTED = "10.22.0.0/24, 10.22.1.0/24,192.168.0.1 , fd00::/8"


@pytest.mark.parametrize(
    ("string", "inside"),
    [("10.22.0.0", True), ("10.22.1.255", True), ("10.22.2.0", False), ("10.21.255.255", False), ("192.168.0.1", True),
     ("192.168.0.2", False), ("fd12::1", True), ("fe00::", False), ("::a16:1", False), ("10.22.0.0/24", False),
     ("10.22", False), ("", False)],
)  # fmt: skip
def test_with_a_list_an_address_in_one_of_its_networks_matches(string: str, inside: bool) -> None:
    found = extract("cidr", LISTED, string)
    assert (found is not MISSING) == inside
    if inside:
        assert found["mask"] in (ALL, ALL_6)


@pytest.mark.parametrize(
    "text", ["10.0.0.0/33", "foo", "10.0.0.0/8,", "10.0.0.0/8;fd00::/8", "fd00::/129", "999.0.0.0"]
)
def test_a_bad_list_is_refused(text: str) -> None:
    assert "is no IP address or network" in refusal("cidr", text)


ADDRESSES = st.one_of(
    st.builds(IPv4Address, st.integers(0, 2**32 - 1)), st.builds(IPv6Address, st.integers(0, 2**128 - 1))
)
NETWORKS = st.one_of(
    st.builds(lambda address, length: IPv4Network((address & 0x0F0F, length), strict=False),
              st.integers(0, 2**32 - 1), st.integers(0, 32)),
    st.builds(lambda address, length: IPv6Network((address & 0x0F0F, length), strict=False),
              st.integers(0, 2**128 - 1), st.integers(0, 128)),
)  # fmt: skip


@settings(deadline=None)
@given(ADDRESSES, st.integers(0, 128))
def test_networks_are_cut_as_python_cuts_them(address: IPv4Address | IPv6Address, length: int) -> None:
    length = min(length, address.max_prefixlen)
    network = ip_network(f"{address}/{length}", strict=False)
    width = 1 if address.version == 4 else 2
    found = extract("cidr", "", f"{address}/{length}")
    for key, expected in (("prefix", network.network_address), ("mask", network.netmask)):
        assert b"".join(number.to_bytes(width) for number in found[key]) == expected.packed


@settings(deadline=None)
@given(st.lists(NETWORKS, min_size=1, max_size=5), st.integers(0, 2**16), st.booleans())
def test_an_address_is_in_a_list_as_python_says(
    networks: list[IPv4Network | IPv6Network], number: int, six: bool
) -> None:
    address = IPv6Address(number) if six else IPv4Address(number)
    found = extract("cidr", ", ".join(map(str, networks)), str(address))
    assert (found is not MISSING) == any(ip_address(str(address)) in network for network in networks)
