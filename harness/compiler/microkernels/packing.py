"""Weights and numbers by channel in the order in which the kernels read them; see the parts of the header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from harness.compiler.microkernels.requantize import How, Integers, Requantization
from harness.compiler.strategy import Weights

Words = npt.NDArray[np.int32]
_FOUR = 4
_PAIRED = (0, 2, 1, 3)
"""The order of four neighbours once a word of bytes is taken apart: the even ones, then the odd ones."""

_INT32 = 1 << 31
_JOINT = 256
"""How many times the second of two joint channels is added to the first."""
_JOINT_PAYS = {How.FAST: 4, How.SIGNED: 8, How.GENERAL: 8}
"""Steps, each an instruction shorter, that weigh up what taking two sums apart takes for each pixel."""


class Layout(Enum):
    """How the weights of two channels lie in words; see ``gemm.h``."""

    INT8 = "int8"
    JOINT = "joint"
    INT16 = "int16"


def layout(matrix: Integers, largest: Integers, found: Requantization, kind: Weights) -> Layout:
    """Return the quickest layout that is exact in ``gemm.h`` for [channels, depth]; no sum is beyond ``largest``."""
    second = slice(1, None, 2)
    high = (2 * largest * found.multipliers >> 32) + np.abs(found.addends) + 2  # nothing is added up beyond this
    fits = found.how is not How.FAST or (high[second] < _INT32 // _JOINT).all()
    pays = rounded_up(matrix.shape[1]) // 2 > _JOINT_PAYS[found.how]
    return dense_layout(matrix, largest, kind) if kind is Weights.INT16 or (fits and pays) else Layout.INT8


def dense_layout(matrix: Integers, largest: Integers, kind: Weights) -> Layout:
    """Return the quickest layout that is exact in ``dense.h``."""
    if kind is Weights.INT16:
        return Layout.INT16
    exact = _joined(_with_rows(matrix, 2)).min(initial=0) >= np.iinfo(np.int16).min
    return Layout.JOINT if exact and (2 * largest[1::2] < _INT32 // _JOINT).all() else Layout.INT8


def rounded_up(count: int, multiple: int = _FOUR) -> int:
    """Return the next multiple that is not below ``count``."""
    return -(-count // multiple) * multiple


def paired(matrix: Integers) -> Integers:
    """Return [rows, columns] with each four columns in the order of a word taken apart, zeros after the last ones."""
    rows, columns = matrix.shape
    whole = np.zeros((rows, rounded_up(columns)), np.int64)
    whole[:, :columns] = matrix
    return whole.reshape(rows, -1, _FOUR)[:, :, _PAIRED].reshape(rows, -1)


def gemm_weights(matrix: Integers, kind: Layout) -> Words:
    """Pack [channels, depth] for ``gemm.h``."""
    rows = _with_rows(paired(matrix), 2)
    return _words(rows.reshape(len(rows) // 2, 2, -1, 2).transpose(0, 2, 1, 3), kind)


def dense_weights(matrix: Integers, kind: Layout) -> Words:
    """Pack [units, depth] for ``dense.h``."""
    rows = _with_rows(paired(matrix), _FOUR)
    return _words(rows.reshape(len(rows) // _FOUR, 2, 2, -1, 2).transpose(0, 3, 1, 2, 4), kind)


def gemm_parameters(biases: Integers, found: Requantization, kind: Layout) -> Words:
    """Return the 8 numbers of each pair of channels."""
    if kind is not Layout.JOINT:
        return _parameters(2 * biases, found, 2)
    last = np.arange(len(biases)) % 2
    if found.how is How.FAST:
        addends, shifts = np.where(last, _JOINT * found.addends + _JOINT // 2, found.addends), found.shifts + 8 * last
        found = replace(found, addends=addends, shifts=shifts)
    return _parameters(2 * _joint_sums(biases), found, 2)


def dense_parameters(biases: Integers, found: Requantization, kind: Layout) -> Words:
    """Return the 16 numbers of each four units."""
    return _parameters(_joint_sums(biases) if kind is Layout.JOINT else biases, found, _FOUR)


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
    return _words(rows.reshape(len(rows) // 2, 2, -1, 2).transpose(0, 2, 1, 3), Layout.INT8)


def wide_taps(matrix: Integers) -> Words:
    """Pack [channels, taps] for depthwise convolutions of ``wide.h``."""
    rows = _with_rows(matrix, 2)
    return _as_int32(_halves(rows[::2], rows[1::2]))


def wide_parameters(biases: Integers, multipliers: Sequence[int]) -> Words:
    """Return the 4 numbers of each pair of channels."""
    columns = np.stack([biases, np.array(multipliers, np.int64)], axis=1)
    return _as_int32(_with_rows(columns, 2).reshape(-1, 2, 2).transpose(0, 2, 1))


def plane_numbers(taps: Integers, biases: Integers, found: Requantization) -> Words:
    """Return the numbers of ``planes.h``: ``taps`` are [9 taps of the filter, channels]."""
    rows = 2 * taps.T.reshape(-1, 3, 3)
    first, middle, last = rows[..., 0], rows[..., 1], rows[..., 2]
    pieces = [
        2 * biases[:, None],
        _halves(first, last),
        _halves(middle[:, :1], middle[:, 1:2]),
        _halves(found.shifts[:, None], middle[:, 2:]),
        _requantizations(found)[:, :2],
    ]
    return _as_int32(paired(np.concatenate(pieces, axis=1).T).T)


def _joined(rows: Integers) -> Integers:
    """Return each two rows as one, the second one shifted to the left of the first."""
    return _JOINT * rows[1::2] + rows[::2]


def _joint_sums(sums: Integers) -> Integers:
    """Return sums of channels with those of each second one as joint weights give them."""
    made = sums.copy()
    made[1::2] = _joined(sums[: len(sums) // 2 * 2])
    return made


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


def _words(pairs: Integers, kind: Layout) -> Words:
    """Pack [..., 2 channels, 2 neighbours]: {a0, b0, a1, b1}, {a0 + 256 b0, a1 + 256 b1} or {a0, a1}, {b0, b1}."""
    a, b = pairs[..., 0, :], pairs[..., 1, :]
    if kind is Layout.INT16:
        return _as_int32(_halves(pairs[..., 0], pairs[..., 1]))
    if kind is Layout.JOINT:
        joint = _JOINT * b + a
        return _as_int32(_halves(joint[..., 0], joint[..., 1]))
    low = (a[..., 0] & 0xFF) | (b[..., 0] & 0xFF) << 8
    high = (a[..., 1] & 0xFF) | (b[..., 1] & 0xFF) << 8
    return _as_int32(low | high << 16)


def _as_int32(words: Integers) -> Words:
    return (words.reshape(-1) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
