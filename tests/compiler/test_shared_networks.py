"""The real networks, every tensor of them."""

import numpy as np
import pytest

from harness import paths
from tests.compiler import host

QUANTIZED = ("ad01_int8", "hello_world_int8", "kws_ref_model", "micro_speech_quantized", "person_detect")
WORD = 4
"""What rounding a buffer up may cost where the whole arena is a few words."""
BUNDLED = ("digits", "keyword_spotting", "person_detection")


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
@pytest.mark.parametrize("name", QUANTIZED)
def test_real_network(shared_models, name, fuse):
    content = (shared_models / f"{name}.tflite").read_bytes()
    program = host.check(content, fuse=fuse)
    assert program.arena_bytes <= 1.05 * program.arena_lower_bound + WORD


@pytest.mark.parametrize("fuse", [True, False], ids=["fused", "alone"])
@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_network(name, fuse):
    folder = paths.data_dir() / "models"
    content = (folder / f"{name}.tflite").read_bytes()
    program = host.check(content, fuse=fuse)
    assert program.arena_bytes <= 1.05 * program.arena_lower_bound + WORD
    network = host.HostNetwork(program)
    with np.load(folder / f"{name}.npz") as stored:
        samples = stored["x_data"][:4]
    for sample in samples:
        host.compare(content, network, [sample.reshape(program.inputs[0].shape)])
