"""Internet addresses: IPv4 outside the reserved networks, or inside the private ones, and IPv6."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import numpy as np

from datagen.columns import entries_at
from datagen.contracts import Values
from datagen.generators._faker.arguments import Arguments
from datagen.generators._faker.request import Maker, Request
from datagen.generators._faker.rows import Rows

if TYPE_CHECKING:
    import polars as pl

CLASSES = {"a": "0.0.0.0/1", "b": "128.0.0.0/2", "c": "192.0.0.0/3"}
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
# IANA's special-purpose registry, as Faker has it: nobody's address is ever one of these.
RESERVED = (
    "0.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
GROUPS = 8  # of 16 bits in an IPv6 address
RANKED_GROUPS = 3  # the last groups of a unique one: 2^48 rows


class IPv4(Maker):
    """Addresses from some ranges, all equally likely."""

    def __init__(self, request: Request, spans: list[tuple[int, int]]) -> None:
        self.request = request
        self.first = np.array([start for start, _ in spans], dtype=np.int64)
        self.ends = np.cumsum([end - start for start, end in spans])
        self.count = int(self.ends[-1])
        if request.unique:
            self.size = self.count

    def fill(self, rows: Rows) -> Values:
        if self.request.unique:
            places = self.request.ranks(rows, self.count)
        else:
            places = rows.below(self.count, self.request.salt("address"))
        span = np.searchsorted(self.ends, places, side="right")
        numbers = self.first[span] + places - np.concatenate([[0], self.ends[:-1]])[span]
        octets = [entries_at(_octets(), numbers >> shift & 255) for shift in (24, 16, 8, 0)]
        return Values("text", _joined(octets, "."))


class IPv6(Maker):
    """Eight groups of hexadecimal digits, no leading zeros; a unique one has the row's rank in the last three."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def fill(self, rows: Rows) -> Values:
        words = [rows.bits(self.request.salt("address", half)) for half in range(2)]
        groups = [
            (word >> np.uint64(shift) & np.uint64(0xFFFF)).astype(np.int64)
            for word in words
            for shift in (48, 32, 16, 0)
        ]
        # 0 would be written `::`; the first group of a real address is never 0
        groups[0] = np.maximum(groups[0], 1)
        if self.request.unique:
            ranks = self.request.ranks(rows, 1 << 16 * RANKED_GROUPS)
            for place in range(RANKED_GROUPS):
                groups[GROUPS - 1 - place] = ranks >> 16 * place & 0xFFFF
        return Values("text", _joined([entries_at(_hexadecimal(), group) for group in groups], ":"))


def ipv4(request: Request) -> Maker:
    """`ipv4(private, address_class)`, `ipv4_private(address_class)`, `ipv4_public(address_class)`."""
    arguments = Arguments(request.scope, request.arguments)
    private = {"ipv4_private": True, "ipv4_public": False}.get(request.method)
    if private is None and request.arguments.get("private") is not None:
        private = arguments.flag("private", False)
    within: tuple[str, ...] = PRIVATE if private else ("0.0.0.0/0",)
    if request.arguments.get("address_class") is not None:
        kind = arguments.one_of("address_class", "a", tuple(CLASSES))
        network = IPv4Network(CLASSES[kind])
        within = tuple(one for one in within if IPv4Network(one).overlaps(network)) if private else (CLASSES[kind],)
    return IPv4(request, spans_of(within, RESERVED if private is not False else RESERVED + PRIVATE))


def spans_of(within: tuple[str, ...], without: tuple[str, ...]) -> list[tuple[int, int]]:
    """Addresses of some networks less those of others, as (first, past the last)."""
    spans = [_span(network) for network in within]
    for start, end in map(_span, without):
        spans = [
            piece
            for first, last in spans
            for piece in ((first, min(last, start)), (max(first, end), last))
            if piece[0] < piece[1]
        ]
    return spans


def _span(network: str) -> tuple[int, int]:
    found = IPv4Network(network)
    return int(found.network_address), int(found.network_address) + found.num_addresses


@cache
def _octets() -> pl.Series:
    import polars as pl

    return pl.Series([str(octet) for octet in range(256)])


@cache
def _hexadecimal() -> pl.Series:
    import polars as pl

    return pl.Series([f"{group:x}" for group in range(1 << 16)])


def _joined(parts: list[pl.Series], separator: str) -> pl.Series:
    import polars as pl

    return pl.select(pl.concat_str(parts, separator=separator)).to_series()
