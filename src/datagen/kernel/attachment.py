"""Edges of a network that grows: who comes later joins those who have many edges already, and any edge can be made alone.

Nodes come in the order of their numbers. A new node's edges end at an end of an earlier edge, all ends equally likely, so
that a node is found in proportion to its edges (preferential attachment). Which end is drawn at the address of the edge;
where it is itself an end that was drawn, that draw is looked up in turn, a few steps in all: nothing is kept. The first
nodes are joined completely, as many as every later node has edges. A node joins another only once: an end that it has
already is drawn again. Source: Barabási and Albert 1999; the copying form is that of Batagelj and Brandes 2005.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.kernel import draws
from datagen.kernel.address import root_addresses, salt_of

Ints = NDArray[np.int64]

TRIES = 40  # of drawing an end by its edges; after that any earlier node may be it


def triangular(number: Ints) -> tuple[Ints, Ints]:
    """(n,) the pair (larger, smaller) of whole numbers that stands at a place of (1,0), (2,0), (2,1), (3,0), …"""
    larger = ((1.0 + np.sqrt(1.0 + 8.0 * number.astype(np.float64))) / 2.0).astype(np.int64)
    larger -= larger * (larger - 1) // 2 > number  # the root may be off by one
    larger += (larger + 1) * larger // 2 <= number
    return larger, number - larger * (larger - 1) // 2


class Attachment:
    """A simple graph of `nodes` nodes and `edges` edges, 0 <= edges <= nodes (nodes - 1) / 2; key: of its addresses."""

    def __init__(self, nodes: int, edges: int, key: int) -> None:
        self.nodes, self.edges, self.key = nodes, edges, key
        joined = 0  # how many edges every later node has at least
        while joined + 1 < nodes and (joined + 1) * (joined + 2) // 2 + (joined + 1) * (nodes - 2 - joined) <= edges:
            joined += 1
        self.joined = joined
        self.whole = joined * (joined + 1) // 2  # edges among the first joined + 1 nodes
        self.later = max(nodes - 1 - joined, 0)
        self.rest = edges - self.whole

    def newer(self, edge: Ints) -> Ints:
        """(n,) the node that came with each edge."""
        found = triangular(np.minimum(edge, max(self.whole - 1, 0)))[0]
        if not self.rest:
            return found
        place = np.maximum(edge - self.whole, 0) * self.later // self.rest
        return np.where(edge < self.whole, found, self.joined + 1 + place)

    def _first(self, node: Ints) -> Ints:
        """(n,) the first edge of each later node."""
        place = node - self.joined - 1
        return self.whole + -(-place * self.rest // max(self.later, 1))

    def older(self, edge: Ints) -> Ints:
        """(n,) the node that each edge joins to the one that came with it."""
        found = triangular(np.minimum(edge, max(self.whole - 1, 0)))[1]
        grown = np.flatnonzero(edge >= self.whole)
        if len(grown):
            found[grown] = self._grown(edge[grown])
        return found

    def _grown(self, edge: Ints) -> Ints:
        """The other ends of edges of later nodes: each node's edges are drawn together, so that no end stands twice."""
        nodes, back = np.unique(self.newer(edge), return_inverse=True)
        first = self._first(nodes)
        counts = self._first(nodes + 1) - first
        before = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(nodes), dtype=np.int64), counts)
        every = np.arange(int(counts.sum()), dtype=np.int64) - before[owner] + first[owner]
        ends = np.zeros(len(every), dtype=np.int64)
        open_ = np.ones(len(every), dtype=np.bool_)
        attempt = 0
        while open_.any():  # a loop over attempts: nearly all ends differ at the first
            at = np.flatnonzero(open_)
            ends[at] = self._drawn(every[at], attempt)
            pair = owner * self.nodes + ends
            order = np.lexsort((open_, pair))  # stable: of equal ends the settled one, else the earlier edge keeps it
            twice = np.zeros(len(every), dtype=np.bool_)
            twice[order[1:]] = pair[order[1:]] == pair[order[:-1]]
            open_ &= twice
            attempt += 1
        own: Ints = ends[before[back] + edge - first[back]]
        return own

    def _drawn(self, edge: Ints, attempt: int) -> Ints:
        """The end that an attempt finds: that of an earlier edge, followed until it is a node."""
        found = np.zeros(len(edge), dtype=np.int64)
        if attempt >= TRIES:
            return self._any(edge, attempt)
        at, now = np.arange(len(edge), dtype=np.int64), edge
        salt = salt_of("end", attempt)
        while len(at):  # a loop over steps back in time
            node = self.newer(now)
            ends = 2 * np.where(now < self.whole, 0, self._first(node))
            u = draws.uniform(root_addresses(self.key, now), salt)
            picked = (u * ends).astype(np.int64)
            before = picked >> 1
            complete = now < self.whole
            nobody = ~complete & (ends == 0)
            newer = ~complete & ~nobody & ((picked & 1) == 0)
            if complete.any():
                found[at[complete]] = triangular(now[complete])[1]
            if nobody.any():
                found[at[nobody]] = self._any(now[nobody], 0)
            if newer.any():
                found[at[newer]] = self.newer(before[newer])
            further = ~(complete | nobody | newer)
            at, now = at[further], before[further]
            salt = salt_of("end", 0)
        return found

    def _any(self, edge: Ints, attempt: int) -> Ints:
        """Any earlier node."""
        u = draws.uniform(root_addresses(self.key, edge), salt_of("any", attempt))
        return (u * self.newer(edge)).astype(np.int64)
