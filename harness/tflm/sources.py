"""The sources of TFLM in a folder, of any age: which ones a board needs, what they include, and what is not there.

TFLM is written against some headers of other projects, which lie in the same folder: in ``third_party``, or where
TFLM's own Makefile downloads them to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MissingError
from harness.tflm import includes

MAKEFILE = "tensorflow/lite/micro/tools/make/Makefile"
VERSION_HEADER = "tensorflow/core/public/version.h"
"""Of TensorFlow as a whole, of which TFLM was a part until 2021."""

_LITE = "tensorflow/lite"
_MICRO = f"{_LITE}/micro"
_KERNELS = f"{_MICRO}/kernels"
_OPTIMIZED = f"{_KERNELS}/cmsis_nn"
_THIRD_PARTY = ("third_party", "tensorflow/lite/micro/tools/make/downloads")

# Where sources are found whose headers are included. The folders hold much else.
_RUNTIME = (
    f"{_LITE}/c",
    f"{_LITE}/core/c",
    f"{_LITE}/core/api",
    "tensorflow/compiler/mlir/lite/core/api",
    f"{_LITE}/schema",
    "tensorflow/compiler/mlir/lite/schema",
    f"{_LITE}/kernels/internal",
    f"{_LITE}/kernels/internal/reference",
    f"{_LITE}/kernels",
    _MICRO,
    f"{_MICRO}/memory_planner",
    f"{_MICRO}/arena_allocator",
    f"{_MICRO}/tflite_bridge",
)
PORT = {"debug_log", "micro_time", "system_setup"}
"""The sources that every port of TFLM to a board writes anew."""

# Tests, what only tests use, and the resolver that links every kernel.
_NOT_FOR_BOARDS = re.compile(r"_test$|_test_|^test_|flexbuffers_generated_data$|^kernel_runner$|^all_ops_resolver$")
_FOR_SKETCHES = (
    f"{_MICRO}/micro_interpreter.h",
    f"{_MICRO}/micro_mutable_op_resolver.h",
    f"{_LITE}/schema/schema_generated.h",
)
_FOR_SKETCHES_OF_SOME_AGES = (
    f"{_MICRO}/micro_error_reporter.h",
    f"{_MICRO}/debug_log.h",
    f"{_MICRO}/memory_planner/linear_memory_planner.h",
    f"{_KERNELS}/micro_ops.h",
    f"{_LITE}/version.h",
    VERSION_HEADER,
)
_STRUCTURES = (f"{_LITE}/c/common.c", f"{_LITE}/core/c/common.cc", f"{_LITE}/core/c/common.cpp")
_SUFFIXES = (".cc", ".cpp", ".c")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project of others that TFLM includes headers of."""

    name: str
    """Also that of its folder."""
    mark: str
    """A file that every version of it has."""
    roots: tuple[str, ...] = (".",)
    """The folders in which its headers are looked for."""
    place: str = ""
    """Where it lies in a library, below ``src``."""
    wanted: re.Pattern[str]
    """What an ``#include`` of one of its headers looks like."""


_CMSIS_NN = Project(
    name="cmsis_nn",
    mark="Include/arm_nnfunctions.h",
    roots=(".", "Include"),
    place="third_party/cmsis_nn/",
    wanted=re.compile(r"\barm_nn\w*\.h$"),
)
_PROJECTS = (
    Project(name="gemmlowp", mark="fixedpoint/fixedpoint.h", wanted=re.compile(r"\b(gemmlowp|fixedpoint)/")),
    Project(
        name="flatbuffers",
        mark="include/flatbuffers/flatbuffers.h",
        roots=("include",),
        wanted=re.compile(r"\bflatbuffers/"),
    ),
    Project(name="ruy", mark="ruy/profiler/instrumentation.h", wanted=re.compile(r"\bruy/")),
    _CMSIS_NN,
    Project(
        name="cmsis",
        mark="CMSIS/Core/Include/cmsis_compiler.h",
        roots=(".", "CMSIS/Core/Include"),
        place="third_party/cmsis/",
        wanted=re.compile(r"\bcmsis_compiler\.h$"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a library for boards is made of."""

    base: Path
    """The folder that ``tensorflow`` is in."""
    runtime: tuple[Path, ...]
    kernels: tuple[Path, ...]
    cmsis_nn: tuple[Path, ...]
    """The sources of CMSIS-NN; none where the kernels are TFLM's own reference kernels."""
    places: tuple[tuple[Path, str], ...]
    """Folder → where it lies in a library, below ``src``."""
    closure: includes.Closure

    def name(self, path: Path) -> str:
        """Return where a file of the tree lies in a library, below ``src``."""
        folder, place = next(pair for pair in self.places if path.is_relative_to(pair[0]))
        return f"{place}{path.relative_to(folder).as_posix()}"


def is_tree(path: Path) -> bool:
    """Whether ``path`` holds the sources of TFLM, and not in the form of an Arduino library."""
    if not (path / _FOR_SKETCHES[0]).is_file() or (path / "library.properties").is_file():
        return False
    return not any(path.glob("*.h"))  # with a header to include, a folder needs no properties to be a library


def find(base: Path) -> Sources:
    """Find the sources in ``base``; raises ``MissingError`` where something is not there, saying what."""
    projects = {project.name: folder for project in _PROJECTS if (folder := _folder(base, project)) is not None}
    nn = projects.get(_CMSIS_NN.name)
    kernels = _kernels(base, optimized=nn is not None)
    c_sources = tuple(sorted(_cmsis_nn(nn))) if nn and any(path.parent.name == "cmsis_nn" for path in kernels) else ()
    roots = [projects[p.name] / root for p in _PROJECTS if p.name in projects for root in p.roots]
    runtime, closure = _runtime(base, kernels, c_sources, [*roots, base])
    lacking = [p.name for p in _PROJECTS if any(map(p.wanted.search, closure.missing())) and p.name not in projects]
    if lacking:
        raise MissingError(_how_to_get(base, lacking))
    places = [
        (projects[p.name] / (p.roots[0] if not p.place else "."), p.place) for p in _PROJECTS if p.name in projects
    ]
    return Sources(
        base=base,
        runtime=runtime,
        kernels=kernels,
        cmsis_nn=c_sources,
        places=(*places, (base, "")),
        closure=closure,
    )


def _folder(base: Path, project: Project) -> Path | None:
    places = (base / place / project.name for place in _THIRD_PARTY)
    return next((place for place in places if (place / project.mark).is_file()), None)


def _kernels(base: Path, *, optimized: bool) -> tuple[Path, ...]:
    """Return the source of each kernel: CMSIS-NN's where that is wanted, or where the tree has no other."""
    own = {path.stem: path for path in _in_folder(base / _KERNELS)}
    by_cmsis_nn = {path.stem: path for path in _in_folder(base / _OPTIMIZED)}
    if not optimized:
        by_cmsis_nn = {name: path for name, path in by_cmsis_nn.items() if name not in own}
    return tuple(sorted((own | by_cmsis_nn).values()))


def _in_folder(folder: Path) -> list[Path]:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in files if path.suffix in _SUFFIXES and not _NOT_FOR_BOARDS.search(path.stem)]


def _cmsis_nn(folder: Path) -> Iterable[Path]:
    """Return the sources of CMSIS-NN but for those of floating point, which TFLM does not call."""
    return (path for path in (folder / "Source").rglob("*.c") if not path.stem.endswith(("_f16", "_f32", "_flt")))


def _runtime(
    base: Path, kernels: Sequence[Path], c_sources: Sequence[Path], roots: Sequence[Path]
) -> tuple[tuple[Path, ...], includes.Closure]:
    """Return the sources whose headers are included by what is there already, until there are no more of them."""
    if not any((base / name).is_file() for name in _STRUCTURES):
        raise MissingError(_not_whole(base / _STRUCTURES[0]))
    public = [_there(base / name) for name in _FOR_SKETCHES]
    public += [base / name for name in _FOR_SKETCHES_OF_SOME_AGES if (base / name).is_file()]
    found: dict[Path, None] = {}
    while True:
        closure = includes.closure([*public, *kernels, *c_sources, *found], roots)
        more = dict.fromkeys(source for folder in _RUNTIME for source in _of_headers(base / folder, closure.files))
        if more.keys() == found.keys():
            return tuple(more), closure
        found = more


def _of_headers(folder: Path, included: frozenset[Path]) -> list[Path]:
    return [path for path in _in_folder(folder) if path.with_suffix(".h") in included and path.stem not in PORT]


def _there(path: Path) -> Path:
    if not path.is_file():
        raise MissingError(_not_whole(path))
    return path


def _not_whole(path: Path) -> str:
    return (
        f"the TFLM sources are not whole: there is no {path}; `mcuprof setup` gets those of mcuprof anew, and "
        "--tflm-library names others"
    )


def _how_to_get(base: Path, names: Sequence[str]) -> str:
    command = f"make -f {MAKEFILE}"
    if {"cmsis", "cmsis_nn"} & set(names):
        command += " OPTIMIZED_KERNEL_DIR=cmsis_nn"
    way = f"run `{command} third_party_downloads` in it" if (base / MAKEFILE).is_file() else "put them there"
    return (
        f"the TFLM tree {base} comes without the sources of {', '.join(names)}, which it needs in "
        f"{' or '.join(_THIRD_PARTY)}: {way}"
    )
