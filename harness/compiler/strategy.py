"""How groups of operators are computed: what the user chooses, and the knobs of each group, which a rule fills in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Weights(Enum):
    """How weights lie in flash."""

    INT8 = "int8"
    INT16 = "int16"
    """Twice the flash; the kernels need not make them wider."""


class Kernels(Enum):
    """What computes convolutions, dense layers and their like."""

    PACKED = "packed"
    """Micro-kernels on packed words: the DSP extension where a processor has it, C elsewhere."""
    LOOPS = "loops"
    """Plain loops, which need no memory beside the tensors: for the smallest processors."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user chooses for a whole network."""

    fuse: bool = True
    """Whether operators are joined and done in place; without, each is a function of its own."""
    weights: Weights = Weights.INT8
    kernels: Kernels = Kernels.PACKED


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """The knobs of one group of operators."""

    kernels: Kernels = Kernels.PACKED
    tile: int = 4
    """Pixels that are multiplied with each pair of weights once it is loaded: 1 to 4. More need more memory."""
    weights: Weights = Weights.INT8


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a rule may look at: a group as a product of matrices."""

    operators: tuple[str, ...]
    pixels: int
    """Elements of the output of one channel."""
    depth: int
    """Elements that are added up for one element of the output."""
    channels: int


Rule = Callable[[Sizes], Strategy]
"""Gives the knobs of a group."""

TILES = (1, 2, 3, 4)  # of two with as many instructions the smaller one is taken, which needs less memory
_STEP = {4: 13, 3: 11, 2: 8, 1: 5}
"""Instructions of a step with joint weights, in which two channels of a tile get two products each."""
_AROUND = {4: 54, 3: 45, 2: 36, 1: 27}
"""Instructions around the steps, for two channels of a tile."""


def rule(options: Options) -> Rule:
    """Return the rule that takes the tile with the fewest instructions, by counting those of the kernels."""

    def choose(sizes: Sizes) -> Strategy:
        tile = min(TILES, key=lambda t: instructions(sizes, t))
        return Strategy(kernels=options.kernels, tile=tile, weights=options.weights)

    return choose


def others(options: Options) -> list[Strategy]:
    """Return what may be tried in place of the rule's strategy for a micro-kernel, the most unlike it first."""
    if options.kernels is Kernels.LOOPS:
        return []
    tiles = [Strategy(tile=tile, weights=options.weights) for tile in TILES]
    return [Strategy(kernels=Kernels.LOOPS, weights=options.weights), *tiles]


def instructions(sizes: Sizes, tile: int) -> int:
    """Return how many instructions two output channels take on all pixels, a tile at a time and then what is left."""
    whole, rest = divmod(sizes.pixels, tile)
    widths = {tile: whole, **({rest: 1} if rest else {})}
    return sum(times * (_STEP[width] * sizes.depth // 2 + _AROUND[width]) for width, times in widths.items())
