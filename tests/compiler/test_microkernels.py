"""Micro-kernels: the same bytes as TFLM's by portable C here and by the DSP extension on a virtual Cortex-M4."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import models
from harness.compiler.build import compile_model
from harness.compiler.strategy import Options, Weights, rule
from tests.compiler import board, host
from tests.compiler.small_networks import KINDS, small

_BOARD_NETWORKS = 28
_WEIGHTS = st.sampled_from(Weights)


def program_of(content, *, fuse=True, weights=Weights.INT8, tile=None):
    """Return a network compiled, with another tile than the rule's where one is given."""
    usual = rule(Options(weights=weights))

    def chosen(sizes):
        strategy = usual(sizes)
        return strategy if tile is None else type(strategy)(kernels=strategy.kernels, weights=weights, tile=tile)

    return compile_model(models.parse(content, Path("network.tflite")), fuse=fuse, rule=chosen)


@settings(max_examples=30)
@given(st.data(), st.sampled_from(KINDS), st.booleans(), _WEIGHTS, st.integers(1, 4))
def test_every_size_by_portable_c(data, kind, fuse, weights, tile):
    content = small(kind, lambda low, high: data.draw(st.integers(low, high)))
    program = program_of(content, fuse=fuse, weights=weights, tile=tile)
    network = host.HostNetwork(program)
    for seed, extreme in enumerate(host.KINDS):
        host.compare(content, network, host.random_inputs(program, seed, extreme), label=extreme)


@pytest.mark.virtual
@pytest.mark.parametrize("weights", Weights)
@pytest.mark.parametrize("flags", [["-O2"], ["-O0"]], ids=" ".join)
def test_every_size_by_the_dsp_extension(tmp_path, weights, flags):
    networks = []
    for seed in range(_BOARD_NETWORKS if flags == ["-O2"] else len(KINDS)):
        generator = np.random.default_rng(seed)
        content = small(KINDS[seed % len(KINDS)], lambda low, high, g=generator: int(g.integers(low, high + 1)))
        networks.append((content, program_of(content, fuse=seed % 3 > 0, weights=weights, tile=seed % 4 + 1)))
    board.check(networks, tmp_path, *flags)
