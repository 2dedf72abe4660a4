"""Reads the bytes of a text column where they lie, so that a million texts are hashed without making a million objects.

A Polars column hands itself over as Arrow "string views" (the public capsule interface, `__arrow_c_stream__`): 16 bytes
per text, which hold the length and either the whole text (up to 12 bytes) or the place of its bytes in a buffer.
Sources: Arrow C data interface, Arrow C stream interface, Arrow columnar format (variable-size binary view layout).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

READ_ONLY = 0x100  # PyBUF_READ
INLINE = 12  # the longest text, in bytes, that lies in the view itself


@dataclass(frozen=True, slots=True)
class TextChunk:
    """One contiguous piece of a text column, borrowed: valid only while the stream it came from is open.

    views (n, 2) uint64: low half of the first word is the length in bytes; a short text follows at once, zero padded;
    a longer one has four bytes of prefix, then buffer number and offset (32 bits each). buffers: uint8 arrays.
    """

    views: NDArray[np.uint64]
    buffers: list[NDArray[np.uint8]]


@contextmanager
def text_chunks(series: pl.Series) -> Iterator[Iterator[TextChunk]]:
    """The pieces of a String column in order. The arrays must not be kept after the `with` block."""
    capsule = series.__arrow_c_stream__()
    address = _capsule_address(capsule, b"arrow_array_stream")
    stream = _Stream.from_address(address)
    held: list[_Array] = []
    try:
        yield _pieces(stream, address, held)
    finally:
        for array in held:  # the capsule frees the stream, but not the pieces it has given away
            array.release(ctypes.addressof(array))
        del capsule


def _pieces(stream: _Stream, address: int, held: list[_Array]) -> Iterator[TextChunk]:
    schema = _Schema()
    _check(stream.get_schema(address, ctypes.addressof(schema)))
    layout = schema.format
    schema.release(ctypes.addressof(schema))
    if layout != b"vu":
        raise TypeError(f"a column of string views was expected, found Arrow format {layout!r}")
    while True:
        array = _Array()
        _check(stream.get_next(address, ctypes.addressof(array)))
        if not array.release:
            return
        held.append(array)
        if array.length:
            yield _piece(array)


def _piece(array: _Array) -> TextChunk:
    views = _borrow(array.buffers[1] + 16 * array.offset, 16 * array.length).view(np.uint64).reshape(-1, 2)
    count = array.n_buffers - 3  # validity, views and sizes stand beside the buffers of bytes
    if count == 0:
        return TextChunk(views, [])
    sizes = _borrow(array.buffers[array.n_buffers - 1], 8 * count).view(np.int64)
    return TextChunk(views, [_borrow(array.buffers[2 + k], int(size)) for k, size in enumerate(sizes)])


def _borrow(address: int, size: int) -> NDArray[np.uint8]:
    if size == 0:
        return np.empty(0, np.uint8)
    return np.frombuffer(_view_of_memory(address, size, READ_ONLY), np.uint8)


def _check(status: int) -> None:
    if status:
        raise OSError(status, "a text column could not be handed over")


_release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_next = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class _Schema(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_void_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", _release),
        ("private_data", ctypes.c_void_p),
    )


class _Array(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", _release),
        ("private_data", ctypes.c_void_p),
    )


class _Stream(ctypes.Structure):
    _fields_ = (
        ("get_schema", _next),
        ("get_next", _next),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_capsule_address: Any = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_address.restype = ctypes.c_void_p
_capsule_address.argtypes = [ctypes.py_object, ctypes.c_char_p]
_view_of_memory: Any = ctypes.pythonapi.PyMemoryView_FromMemory
_view_of_memory.restype = ctypes.py_object
_view_of_memory.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int]
