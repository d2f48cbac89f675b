"""Where an output may lie over its input: no element is overwritten before the kernel has copied it."""

from hypothesis import example, given
from hypothesis import strategies as st

from harness.compiler.microkernels.shape import Shape

SMALL = st.integers(1, 4)


@st.composite
def shapes(draw):
    kernel, stride = (draw(SMALL), draw(SMALL)), (draw(SMALL), draw(SMALL))
    rows, columns, depth = draw(SMALL) + 1, draw(SMALL) + 1, draw(SMALL)
    ring = draw(st.booleans())
    top, left = draw(st.integers(0, kernel[0] - 1)), draw(st.integers(0, kernel[1] - 1))
    below, right = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return Shape(
        batches=1, height=max(1, (rows - 1) * stride[0] + kernel[0] - top - below), rows=rows, columns=columns,
        width=max(1, (columns - 1) * stride[1] + kernel[1] - left - right), depth=depth, channels=draw(SMALL),
        kernel_height=kernel[0], kernel_width=kernel[1], stride_y=stride[0], stride_x=stride[1], dilation_y=1,
        dilation_x=1, top=top, left=left, zero_point=0, low=-128, high=127, tile=draw(SMALL), steps=depth,
        ring_rows=kernel[0] if ring else 0,
    )  # fmt: skip


def overwrites_too_early(shape):
    """Return whether a byte of the input is written before its last read, by walking through the kernel's tiles."""
    written = 0
    kept = 0
    for pixel in range(shape.pixels):
        row, column = divmod(pixel, shape.columns)
        first = row * shape.stride_y - shape.top
        lines = range(max(first, 0), min(first + shape.kernel_height, shape.height))
        if shape.ring_rows:
            reads = [line * shape.width * shape.depth for line in lines if line >= kept]
            kept = max(kept, first + shape.kernel_height)
        else:
            start = max(column * shape.stride_x - shape.left, 0)
            reads = [(line * shape.width + start) * shape.depth for line in lines if start < shape.width]
        if any(place < written for place in reads):
            return True
        if (pixel + 1) % shape.tile == 0 or pixel + 1 == shape.pixels:
            written = (pixel + 1) * shape.channels
    return False


@given(shapes())
@example(  # single pixels, two of which in each row are padding on the right
    Shape(
        batches=1, height=2, width=2, depth=4, rows=2, columns=4, channels=3, kernel_height=1, kernel_width=1,
        stride_y=1, stride_x=1, dilation_y=1, dilation_x=1, top=0, left=0, zero_point=0, low=-128, high=127, tile=4,
        steps=2,
    )
)  # fmt: skip
def test_nothing_is_overwritten_that_is_still_read(shape):
    assert not (shape.may_replace() and overwrites_too_early(shape))


def test_a_pair_of_the_same_depth_works_in_place():
    shape = Shape(
        batches=1, height=25, width=5, depth=64, rows=25, columns=5, channels=64, kernel_height=3, kernel_width=3,
        stride_y=1, stride_x=1, dilation_y=1, dilation_x=1, top=1, left=1, zero_point=-128, low=-128, high=127,
        tile=4, steps=32, ring_rows=3,
    )  # fmt: skip
    assert shape.may_replace()
