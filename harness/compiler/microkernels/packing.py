"""Weights and numbers by channel in the order in which the kernels read them; see the parts of the header."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.compiler.microkernels.requantize import Integers, Requantization
from harness.compiler.strategy import Weights

Words = npt.NDArray[np.int32]
_FOUR = 4
_PAIRED = (0, 2, 1, 3)
"""The order of four neighbours once a word of bytes is taken apart: the even ones, then the odd ones."""


def rounded_up(count: int, multiple: int = _FOUR) -> int:
    """Return the next multiple that is not below ``count``."""
    return -(-count // multiple) * multiple


def paired(matrix: Integers) -> Integers:
    """Return [rows, columns] with each four columns in the order of a word taken apart, zeros after the last ones."""
    rows, columns = matrix.shape
    whole = np.zeros((rows, rounded_up(columns)), np.int64)
    whole[:, :columns] = matrix
    return whole.reshape(rows, -1, _FOUR)[:, :, _PAIRED].reshape(rows, -1)


def gemm_weights(matrix: Integers, kind: Weights) -> Words:
    """Pack [channels, depth] for ``gemm.h``."""
    rows = _with_rows(paired(matrix), 2)
    return _words(rows.reshape(len(rows) // 2, 2, -1, 2).transpose(0, 2, 1, 3), kind)


def dense_weights(matrix: Integers, kind: Weights) -> Words:
    """Pack [units, depth] for ``dense.h``."""
    rows = _with_rows(paired(matrix), _FOUR)
    return _words(rows.reshape(len(rows) // _FOUR, 2, 2, -1, 2).transpose(0, 3, 1, 2, 4), kind)


def gemm_parameters(biases: Integers, found: Requantization) -> Words:
    """Return the 8 numbers of each pair of channels."""
    return _parameters(2 * biases, found, 2)


def dense_parameters(biases: Integers, found: Requantization) -> Words:
    """Return the 16 numbers of each four units."""
    return _parameters(biases, found, _FOUR)


def depthwise_numbers(taps: Integers, biases: Integers, found: Requantization) -> Words:
    """Return the numbers of ``depthwise.h``: ``taps`` are [taps of the filter, channels], in the order of reading."""
    count, channels = taps.shape
    whole = np.zeros((count, rounded_up(channels)), np.int64)
    whole[:, :channels] = 2 * taps
    fours = whole.reshape(count, -1, _FOUR).transpose(1, 0, 2)
    pieces = [_by_fours(2 * biases)]
    for tap in range(0, count - 1, 2):
        pieces.append(_halves(fours[:, tap], fours[:, tap + 1]))
    if count % 2:
        last = fours[:, -1]
        pieces.append(_halves(last[:, :2], last[:, 2:]))
    pieces.append(_by_fours(_requantizations(found)))
    return _as_int32(np.concatenate(pieces, axis=1))


def wide_weights(matrix: Integers) -> Words:
    """Pack [channels, depth] for products with int16 in ``wide.h``."""
    rows, depth = _with_rows(matrix, 2), matrix.shape[1]
    rows = np.concatenate([rows, np.zeros((len(rows), depth % 2), np.int64)], axis=1)
    return _words(rows.reshape(len(rows) // 2, 2, -1, 2).transpose(0, 2, 1, 3), Weights.INT8)


def wide_taps(matrix: Integers) -> Words:
    """Pack [channels, taps] for depthwise convolutions of ``wide.h``."""
    rows = _with_rows(matrix, 2)
    return _as_int32(_halves(rows[::2], rows[1::2]))


def wide_parameters(biases: Integers, multipliers: Sequence[int]) -> Words:
    """Return the 4 numbers of each pair of channels."""
    columns = np.stack([biases, np.array(multipliers, np.int64)], axis=1)
    return _as_int32(_with_rows(columns, 2).reshape(-1, 2, 2).transpose(0, 2, 1))


def _parameters(biases: Integers, found: Requantization, together: int) -> Words:
    sums = _with_rows(biases[:, None], together).reshape(-1, together)
    rest = _with_rows(_requantizations(found), together).reshape(len(sums), -1)
    return _as_int32(np.concatenate([sums, rest], axis=1))


def _requantizations(found: Requantization) -> Integers:
    return np.stack([found.multipliers, found.addends, found.shifts], axis=1)


def _by_fours(rows: Integers) -> Integers:
    """Return the numbers of each four channels in one row."""
    return _with_rows(rows, _FOUR).reshape(rounded_up(len(rows)) // _FOUR, -1)


def _with_rows(rows: Integers, multiple: int) -> Integers:
    """Return rows with as many of zeros after them as make a multiple."""
    missing = rounded_up(len(rows), multiple) - len(rows)
    return np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), np.int64)])


def _halves(low: Integers, high: Integers) -> Integers:
    return (low & 0xFFFF) | (high & 0xFFFF) << 16


def _words(pairs: Integers, kind: Weights) -> Words:
    """Pack [..., 2 channels, 2 neighbours]: as {a0, b0, a1, b1} of int8 or {a0, a1}, {b0, b1} of int16."""
    a, b = pairs[..., 0, :], pairs[..., 1, :]
    if kind is Weights.INT16:
        return _as_int32(_halves(pairs[..., 0], pairs[..., 1]))
    low = (a[..., 0] & 0xFF) | (b[..., 0] & 0xFF) << 8
    high = (a[..., 1] & 0xFF) | (b[..., 1] & 0xFF) << 8
    return _as_int32(low | high << 16)


def _as_int32(words: Integers) -> Words:
    return (words.reshape(-1) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
