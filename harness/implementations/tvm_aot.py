"""TVM ahead of time: the network as C functions that one entry function calls, in an arena planned beforehand."""

from __future__ import annotations

from harness import sketch
from harness.case import Settings
from harness.compiler import source
from harness.compiler.executor import Executor, TvmImplementation
from harness.compiler.memory import arena_spans
from harness.compiler.program import Program
from harness.sketch import Markers


def create(settings: Settings) -> TvmImplementation:
    """Return the implementation."""
    executor = Executor(
        name="tvm-aot",
        title="ahead of time",
        arena_bytes=lambda program: program.arena_bytes,
        files=files,
        spans=arena_spans,
        missing_memory=lambda _: None,  # all memory is static, so that the linker tells what does not fit
    )
    return TvmImplementation(executor, settings)


def files(program: Program, title: str, markers: Markers = Markers.NONE) -> dict[str, str]:
    """Return the sketch's files (name → text) that run ``program``."""
    network = sketch.render("tvm_aot/network.cpp.j2", title=title, **source.common(program))
    return source.files(program, title, markers=markers) | {"network.cpp": network}
