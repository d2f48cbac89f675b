"""A program written by hand, with what the compiler does not give every network."""

import numpy as np

from harness.compiler.program import (
    Argument,
    Buffer,
    Call,
    Constant,
    Function,
    Interface,
    Parameter,
    Place,
    Program,
)

WEIGHTS = np.array([3, -2, 1, 5], np.int8)
_MIX = """\
  for (int32_t i = 0; i < 4; ++i) {
    sums[i] = (int32_t)x0[i] + (int32_t)x1[i] * (int32_t)CONST_INT8(weights, i);
  }
  for (int32_t i = 0; i < 4; ++i) {
    y[i] = (int8_t)(sums[3 - i] & 63);
  }"""
_NEGATE = """\
  for (int32_t i = 0; i < 4; ++i) {
    y[i] = (int8_t)(-x0[i]);
  }"""


def small_program() -> Program:
    """Two inputs, four outputs: an input itself, an intermediate twice, and one that was computed in place.

    The first function needs an int32 workspace; the second one is called on tensors of different shapes.
    """
    mix = Function(
        name="mix",
        parameters=(_parameter("x0"), _parameter("x1"), _parameter("weights"), _parameter("y", written=True),
                    _parameter("sums", dtype="int32", written=True)),
        body=_MIX,
    )  # fmt: skip
    negate = Function(name="negate", parameters=(_parameter("x0"), _parameter("y", written=True)), body=_NEGATE)
    return Program(
        name="small",
        inputs=(_interface("left \"half\"", 0), _interface("left \"half\"", 1)),
        outputs=(_interface("a", 1), _interface("b", 2), _interface("c", 2), _interface("d", 5)),
        functions=(mix, negate),
        constants=(Constant(name="mix_weights_0", dtype="int8", shape=(4,), content=WEIGHTS.tobytes()),),
        buffers=(
            _buffer(offset=0, first=-1, last=0),
            _buffer(offset=4, first=-1, last=3),
            _buffer(offset=8, first=0, last=3),
            Buffer(dtype="int32", shape=(4,), bytes=16, offset=16, first=0, last=0),
            _buffer(offset=12, first=1, last=2, shape=(2, 2)),
            _buffer(offset=12, first=2, last=3),
        ),
        calls=(
            Call(function=0, arguments=(_in(0), _in(1), Argument(place=Place.CONSTANT, index=0), _in(2), _in(3)),
                 operators=("MIX",), places=(0,), tensors=(2,)),
            Call(function=1, arguments=(_in(2), _in(4)), operators=("NEG",), places=(1,), tensors=(3,)),
            Call(function=1, arguments=(_in(4), _in(5)), operators=("NEG",), places=(2,), tensors=(4,)),
        ),
        helpers=(),
        arena_bytes=32,
        arena_lower_bound=28,
    )  # fmt: skip


def expected(left: np.ndarray, right: np.ndarray) -> list[np.ndarray]:
    """Return the outputs."""
    mixed = (((left.astype(np.int32) + right.astype(np.int32) * WEIGHTS) & 63)[::-1]).astype(np.int8)
    return [right, mixed, mixed, mixed]


def _parameter(name, dtype="int8", *, written=False):
    return Parameter(name=name, dtype=dtype, written=written)


def _interface(name, buffer):
    return Interface(name=name, dtype="int8", shape=(4,), buffer=buffer)


def _buffer(offset, first, last, shape=(4,)):
    return Buffer(dtype="int8", shape=shape, bytes=4, offset=offset, first=first, last=last)


def _in(index):
    return Argument(place=Place.BUFFER, index=index)
