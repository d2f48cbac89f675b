"""The sizes that a convolution's kernel is told, and what follows from them: scratch memory, and working in place."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np

from harness.compiler.microkernels.packing import Words, rounded_up


@dataclass(frozen=True, kw_only=True)
class Shape:
    """``struct kernel_shape`` of ``kernels/shape.h``, in its order."""

    batches: int
    height: int
    width: int
    depth: int
    rows: int
    columns: int
    channels: int
    kernel_height: int
    kernel_width: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    top: int
    left: int
    zero_point: int
    low: int
    high: int
    tile: int
    steps: int
    taps: int = 0
    numbers: int = 0
    ring_rows: int = 0
    ring_columns: int = 0
    padded_depth: int = 0
    fan_out: int = 1
    plane: int = 0
    middle_low: int = -128
    middle_high: int = 127

    def words(self) -> Words:
        """Return the numbers as the kernel reads them."""
        return np.array(astuple(self), np.int32)

    @property
    def pixels(self) -> int:
        """Places of the output."""
        return self.rows * self.columns

    @property
    def reach_y(self) -> int:
        """Rows from the first to the last one under the filter."""
        return (self.kernel_height - 1) * self.dilation_y + 1

    @property
    def reach_x(self) -> int:
        """Columns from the first to the last one under the filter."""
        return (self.kernel_width - 1) * self.dilation_x + 1

    @property
    def stretch(self) -> int:
        """Bytes of neighbours that are taken at a time: a row of the filter, or a tap where it is dilated."""
        return self.depth * (self.kernel_width if self.dilation_x == 1 else 1)

    @property
    def scratch_words(self) -> int:
        """Words that the kernel works in: the tile, and masks for a stretch, or the kept rows and their taps."""
        tile = self.steps * self.tile
        if not self.ring_rows:
            return tile + 2 * (rounded_up(self.stretch) // 4)
        if self.plane:  # the last word of a plane may reach into the next one
            return tile + self.taps + self.ring_rows * self.plane * self.padded_depth // 4 + 1
        return tile + self.taps + self.ring_rows * self.ring_columns * self.padded_depth // 4

    def may_replace(self) -> bool:
        """Whether the output may overwrite the input: no element before the kernel has copied it."""
        if self.batches != 1:
            return False
        row_bytes = self.width * self.depth
        ends = [*range(self.tile, self.pixels, self.tile), self.pixels]
        return all(end * self.channels <= self._copied(end) * row_bytes + self._copied_in_row(end) for end in ends)

    def _copied(self, pixels: int) -> int:
        """Return how many rows of the input are copied as a whole before the tile is written that ends there."""
        last = (pixels - 1) // self.columns
        if self.ring_rows:
            return min(self.height, max(0, last * self.stride_y - self.top + self.reach_y))
        return min(self.height, max(0, last * self.stride_y - self.top))

    def _copied_in_row(self, pixels: int) -> int:
        """Return how many bytes more are copied by a convolution of single pixels."""
        alone = self.reach_x == self.reach_y == self.stride_x == self.stride_y == 1 and not (self.top or self.left)
        if self.ring_rows or not alone:
            return 0
        return min((pixels - 1) % self.columns + 1, self.width) * self.depth


def with_ring(shape: Shape, depth: int) -> Shape:
    """Return the sizes with as many kept rows as lie under the filter, their pixels ``depth`` bytes."""
    columns = (shape.columns - 1) * shape.stride_x + shape.reach_x
    return replace(shape, ring_rows=shape.reach_y, ring_columns=columns, padded_depth=depth)


def with_planes(shape: Shape, depth: int) -> Shape:
    """Return the same with rows of ``depth`` planes of whole words."""
    kept = with_ring(shape, depth)
    return replace(kept, plane=rounded_up(kept.ring_columns))
