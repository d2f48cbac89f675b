"""Image files → pixels of the size and with the channels that a model takes, by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.datasets.values import Form
from harness.errors import MissingError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

    from harness.datasets import Wanted
    from harness.models import Array

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
WHAT = "images"
MADE = "resized to the model's input where they have another size"
FORM = Form.PIXELS
_MOST_PIXELS = 50_000_000
_MODES = {1: "L", 3: "RGB"}


def require(path: Path, wanted: Wanted) -> None:
    """Raise ``UsageError`` where the model takes no images, ``MissingError`` where Pillow is not installed."""
    _pillow()
    shape = wanted.tensor.shape
    if len(shape) != 4 or shape[0] != 1 or shape[3] not in _MODES:  # noqa: PLR2004 (batch, height, width, channels)
        msg = (
            f"{path} holds images, and the model takes {wanted.tensor.dtype} {list(shape)}: an input [1, height, "
            "width, channels] with 1 or 3 channels is needed"
        )
        raise UsageError(msg)


def read(file: Path, *, wanted: Wanted) -> Array:
    """Return the pixels of an image, uint8 of the input's shape; raises ``UsageError`` where it cannot be read."""
    import numpy as np

    image = _pillow()
    _, height, width, channels = wanted.tensor.shape
    try:
        with image.open(file) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                msg = f"the image {file} has {opened.width} x {opened.height} pixels: too many to be a sample"
                raise UsageError(msg)
            pixels = opened.convert(_MODES[channels])
            if pixels.size != (width, height):
                pixels = pixels.resize((width, height), image.Resampling.BILINEAR)
            return np.asarray(pixels, np.uint8)
    # Pillow throws whatever its decoders do, such as SyntaxError for a broken PNG.
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, image.DecompressionBombError) as error:
        msg = f"the image {file} cannot be read: {error}"
        raise UsageError(msg) from error


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ImportError as error:
        msg = "images need the package Pillow, which is not installed: pip install 'mcuprof[images]'"
        raise MissingError(msg) from error
    return Image
