"""``.wav`` files → spectrograms by the micro front end: 40 channels, windows of 30 ms, one every 20 ms.

The front end is TensorFlow Lite Micro's, from the package pymicro-features. That makes a window every 10 ms, of which
every other one is taken; its estimate of the noise adapts at that pace, so that values differ a little from those of
a front end that steps by 20 ms.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.datasets.values import Form
from harness.errors import MissingError, UsageError

if TYPE_CHECKING:
    from harness.datasets import Wanted
    from harness.models import Array

SUFFIXES = frozenset({".wav"})
WHAT = "recordings"
MADE = "as spectrograms of the micro front end"
FORM = Form.REAL
_CHANNELS = 40
_RATE_HZ = 16_000
_HOP = _RATE_HZ // 100
"""Samples of a step of the front end."""
_EVERY = 2
_WINDOW = 3 * _HOP
_SAMPLE_BYTES = 2


def require(path: Path, wanted: Wanted) -> None:
    """Raise ``UsageError`` where the model takes no spectrogram, ``MissingError`` without the front end."""
    _frontend()
    if wanted.elements % _CHANNELS:
        msg = (
            f"{path} holds recordings, and the model takes {wanted.tensor.dtype} {list(wanted.tensor.shape)}: the "
            f"front end gives {_CHANNELS} numbers a window"
        )
        raise UsageError(msg)


def read(file: Path, *, wanted: Wanted) -> Array:
    """Return a spectrogram, float32: windows by 40 channels, the front end's counts divided by 25.6.

    A shorter recording is followed by silence, a longer one cut. Raises ``UsageError`` where it is damaged, or not
    mono, of 16 bits, at 16 kHz.
    """
    import numpy as np

    windows = wanted.elements // _CHANNELS
    count = ((windows - 1) * _EVERY) * _HOP + _WINDOW
    sound = _samples(file, count).ljust(count * _SAMPLE_BYTES, b"\0")
    frontend = _frontend()()
    found: list[list[float]] = []
    step = _HOP * _SAMPLE_BYTES
    for start in range(0, len(sound) - step + 1, step):
        output = frontend.process_samples(sound[start : start + step])
        if output.features:
            found.append(output.features)
    return np.array(found[::_EVERY][:windows], np.float32)


def _samples(file: Path, count: int) -> bytes:
    try:
        with wave.open(str(file), "rb") as sound:
            kind = sound.getnchannels(), sound.getsampwidth(), sound.getframerate()
            if kind != (1, _SAMPLE_BYTES, _RATE_HZ):
                msg = (
                    f"the recording {file} has {kind[0]} channels of {8 * kind[1]} bits at {kind[2]} Hz; one "
                    f"channel of 16 bits at {_RATE_HZ} Hz is needed"
                )
                raise UsageError(msg)
            return sound.readframes(count)
    except (OSError, EOFError, wave.Error, ValueError) as error:
        msg = f"the recording {file} cannot be read: {error or 'it is cut short'}"
        raise UsageError(msg) from error


def _frontend() -> Any:  # noqa: ANN401 (a class of a package without types)
    try:
        from pymicro_features import MicroFrontend
    except ImportError as error:
        msg = "recordings need the package pymicro-features, which is not installed: pip install 'mcuprof[speech]'"
        raise MissingError(msg) from error
    return MicroFrontend
