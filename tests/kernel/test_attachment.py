"""Growing networks and pairs of blocks: simple graphs, the same however they are cut."""

from __future__ import annotations

import numpy as np
import pytest

from datagen.kernel.attachment import Attachment, triangular
from datagen.kernel.blocks_of_nodes import NodeBlocks


def test_pairs_are_numbered_without_gaps() -> None:
    larger, smaller = triangular(np.arange(5_050))
    assert (smaller < larger).all()
    assert len({*zip(larger.tolist(), smaller.tolist(), strict=True)}) == 5_050
    assert larger.max() == 100
    far = np.array([2**50 - 1, 2**50, 2**51 + 12345])
    larger, smaller = triangular(far)
    assert ((smaller >= 0) & (smaller < larger)).all()
    assert (larger * (larger - 1) // 2 + smaller == far).all()


@pytest.mark.parametrize(
    ("nodes", "edges"),
    [
        (2, 1),
        (10, 3),
        (10, 9),
        (10, 44),
        (10, 45),
        (50, 600),
        (300, 299),
        (300, 900),
        (300, 44_000),
        (1_000, 5_500),
        (5, 0),
    ],
)
def test_any_number_of_edges_makes_a_simple_graph(nodes: int, edges: int) -> None:
    grown = Attachment(nodes, edges, 77)
    number = np.arange(edges)
    newer, older = grown.newer(number), grown.older(number)
    assert ((older >= 0) & (older < newer) & (newer < nodes)).all()
    assert len({*zip(newer.tolist(), older.tolist(), strict=True)}) == edges
    assert (np.diff(newer) >= 0).all()


def test_an_edge_is_the_same_alone_and_among_others() -> None:
    grown = Attachment(2_000, 8_000, 5)
    whole = grown.older(np.arange(8_000))
    for some in (np.arange(1_234, 1_241), np.array([7_999, 3, 4_000]), np.arange(8_000)[::7]):
        assert (grown.older(some) == whole[some]).all()


def test_blocks_have_all_their_pairs() -> None:
    codes = np.array([2, 0, 1, 0, 2, 2, 0, 1, 3])
    blocks = NodeBlocks(codes)
    inside = {
        frozenset(pair)
        for pair in zip(*(one.tolist() for one in blocks.inside(np.arange(blocks.pairs_inside))), strict=True)
    }
    between = {
        frozenset(pair)
        for pair in zip(*(one.tolist() for one in blocks.between(np.arange(blocks.pairs_between))), strict=True)
    }
    assert len(inside) == blocks.pairs_inside == 7
    assert len(between) == blocks.pairs_between == 36 - 7
    assert not inside & between
    assert all(len({codes[node] for node in pair}) == 1 for pair in inside)
    assert all(len({codes[node] for node in pair}) == 2 for pair in between)
