"""``cidr``: an IP address or network, perhaps one of given networks."""

from __future__ import annotations

import re
from bisect import bisect_right
from ipaddress import AddressValueError, IPv6Address
from typing import Any, Final, NamedTuple

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.values import MISSING

__all__ = ["Cidr"]

_LONGEST: Final = 1_000_000
_LONGEST_ADDRESS: Final = 60
_SHAPE_4 = re.compile(r"[0-9]+(?:\.[0-9]+){0,3}", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,3}", re.ASCII)


class _Network(NamedTuple):
    """``bits``: 32 or 128; ``length`` of them are fixed."""

    bits: int
    address: int
    length: int

    @property
    def mask(self) -> int:
        return (1 << self.bits) - (1 << (self.bits - self.length))


@register
class Cidr(Extractor):
    """Without a text, matches an address or a network, of IPv4 or IPv6. With a list of networks, such as
    ``10.0.0.0/8, fd00::/8``, matches an address in one of them.

    An IPv4 address may have fewer than four numbers: ``10`` is 10.0.0.0, ``10.1`` is 10.0.0.1, ``10.1.2`` is 10.1.0.2.
    The numbers of the result are four bytes, or eight groups of 16 bits.
    """

    name = "cidr"
    summary = "Reads an IP address or network, if wanted one in given networks; gives prefix and mask."
    example = ("10.0.0.0/8, 192.168.0.0/16", "192.168.1.7",
               '{"prefix": [192, 168, 1, 7], "mask": [255, 255, 255, 255]}')  # fmt: skip

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExtractor(f"The text of `cidr` has at most {_LONGEST} characters, this one {len(text)}.")
        self._ranges: dict[int, tuple[list[int], list[int]]] | None = None
        if text.strip():
            self._ranges = _merge([_range(part.strip()) for part in text.split(",")])

    def matches(self, string: str) -> bool:
        """Whether it is an address or network, in a given one if there are some."""
        return self._network(string) is not None

    def extract(self, string: str, occasion: Occasion) -> Any:
        """``{"prefix": [...], "mask": [...]}``; the prefix without the bits beyond the mask."""
        network = self._network(string)
        if network is None:
            return MISSING
        return {"prefix": _numbers(network.address & network.mask, network.bits),
                "mask": _numbers(network.mask, network.bits)}  # fmt: skip

    def _network(self, string: str) -> _Network | None:
        network = _parse(string)
        if self._ranges is None or network is None:
            return network
        if "/" in string or (network.bits == 32 and string.count(".") != 3):
            return None
        starts, ends = self._ranges[network.bits]
        index = bisect_right(starts, network.address) - 1
        return network if index >= 0 and network.address <= ends[index] else None


def _range(text: str) -> _Network:
    network = _parse(text)
    if network is None:
        raise BadExtractor(f"`{text[:80]}` is no IP address or network, such as `10.0.0.0/8` or `fd00::/8`.")
    return network


def _merge(networks: list[_Network]) -> dict[int, tuple[list[int], list[int]]]:
    """For each number of bits, the first and the last addresses of ranges that do not overlap, in order."""
    ranges: dict[int, tuple[list[int], list[int]]] = {32: ([], []), 128: ([], [])}
    for network in sorted(networks, key=lambda network: network.address & network.mask):
        starts, ends = ranges[network.bits]
        start = network.address & network.mask
        end = start + (1 << (network.bits - network.length)) - 1
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return ranges


def _parse(text: str) -> _Network | None:
    if len(text) > _LONGEST_ADDRESS:
        return None
    written, slash, length_text = text.partition("/")
    address, bits = (_address_6(written), 128) if ":" in written else (_address_4(written), 32)
    if address is None:
        return None
    if not slash:
        return _Network(bits, address, bits)
    if _LENGTH.fullmatch(length_text) is None or (bits == 32 and len(length_text) > 2):
        return None
    length = int(length_text)
    return _Network(bits, address, length) if length <= bits else None


def _address_4(text: str) -> int | None:
    if _SHAPE_4.fullmatch(text) is None:
        return None
    octets = [int(octet) for octet in text.split(".")]
    if max(octets) > 255:
        return None
    # With fewer than four, the last one is the last, and zeros stand before it.
    if 1 < len(octets) < 4:
        octets[-1:-1] = [0] * (4 - len(octets))
    octets += [0] * (4 - len(octets))
    return int.from_bytes(bytes(octets))


def _address_6(text: str) -> int | None:
    if "%" in text:
        return None
    try:
        return int(IPv6Address(text))
    except AddressValueError:
        return None


def _numbers(address: int, bits: int) -> list[int]:
    if bits == 32:
        return list(address.to_bytes(4))
    return [address >> shift & 0xFFFF for shift in range(112, -1, -16)]
