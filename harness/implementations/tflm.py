"""TensorFlow Lite for Microcontrollers: an interpreter that reads the model file on the board."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from harness import models, sketch
from harness.boards import Board
from harness.case import LibraryUse, Settings
from harness.compiler import flatbuffer
from harness.compiler.contents import constants
from harness.errors import UnsupportedError
from harness.layout import Block
from harness.least import Least, bound, dynamic_range
from harness.models import Model, OperatorUse
from harness.sketch import Markers, Sketch
from harness.tflm import int16, selection
from harness.tflm.library import TflmLibrary

LOG_BYTES = 160
"""RAM that the sketch keeps for the library's last words; part of the firmware, not of the network."""

# Assertions cost up to half of the speed, and structures depend on the memory mode: what one ships has neither choice
# open, and library and sketch must agree.
_DEFINES = ("NDEBUG", "TF_LITE_STATIC_MEMORY")
# "Failed to resize buffer. Requested: 9216, available 8, missing: 9208", and its older forms.
_MISSING = re.compile(r"missing:? (\d+)", re.IGNORECASE)
_NEEDED = re.compile(r"Needed (\d+) but only (\d+)")
_MEMORY = re.compile(
    r"arena size is too small|failed to allocate|allocation failed|resize buffer|this arena cannot be had"
    r"|not enough memory|out of memory|buffer_head_size|failed to get temp",
    re.IGNORECASE,
)
_WORD_BYTES = 8
_WORDS_PER_LINE = 5


class Tflm:
    """The implementation ``tflm``; see ``harness.case.Implementation``."""

    name = "tflm"
    searches_arena = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _library(self) -> TflmLibrary:
        return selection.library(explicit=self._settings.tflm_library, sketchbook=self._settings.sketchbook)

    def describe(self) -> str:
        """Name the library, its version and its kernels."""
        return str(self._library)

    def provenance(self) -> dict[str, str]:
        """Return what a result says of the library."""
        library = self._library
        return {
            "runs_on": self.describe(),
            "tflm_library": library.name,
            "tflm_version": library.version,
            "tflm_kernels": library.kernels,
            "tflm_digest": library.digest,
        }

    def library(self) -> LibraryUse:
        """Return the Arduino library."""
        return LibraryUse(path=self._library.path, digest=self._library.digest, defines=_DEFINES)

    def provenance_of(self, model: Model, board: Board) -> dict[str, str]:
        """Return nothing: every network is run in the same way."""
        del model, board
        return {}

    def check(self, model: Model, board: Board) -> None:
        """Raise ``UnsupportedError`` for the first operator, or its type, that the library has no kernel for."""
        del board
        for use in model.operators:
            self._library.registration(use)
        int16.require_kernels(model, self._library)

    def least(self, model: Model, board: Board) -> Least:
        """Return the model's file, which lies in flash, and a bound for the tensors in the arena.

        Raises ``UnsupportedError`` for what the library or the board cannot run.
        """
        _require_cpp(board)
        self.check(model, board)
        graph = flatbuffer.outline(model)
        constant = constants(model)
        mixed = dynamic_range(graph, constant)
        if mixed is not None:
            msg = f"{mixed} computes in floats with integer weights (dynamic range), which TFLM does not run"
            raise UnsupportedError(msg)
        return Least(flash_bytes=len(model.data), ram_bytes=bound(graph, constant))

    def arena_bytes(self, model: Model, board: Board) -> int | None:
        """Return the size that the user chose; else it has to be searched for."""
        del model, board
        return self._settings.arena

    def missing_memory(self, said: str) -> int | None:
        """Read TFLM's error messages; their wording has changed over the years."""
        found = _MISSING.search(said)
        if found:
            return int(found[1])
        found = _NEEDED.search(said)
        if found:
            return int(found[1]) - int(found[2])
        return 0 if _MEMORY.search(said) else None

    def parts(self, model: Model, board: Board) -> tuple[tuple[int, ...], ...]:
        """Return the operators one by one: that is how the interpreter runs them."""
        del board
        return tuple((place,) for place in range(_operator_count(model)))

    def layout(self, model: Model, board: Board) -> tuple[Block, ...]:
        """Return nothing: the interpreter plans its arena on the board, where the marked program tells of it."""
        del model, board
        return ()

    def sketch(self, model: Model, board: Board, arena: int | None, *, markers: Markers = Markers.NONE) -> Sketch:
        """Return the sketch, with a static arena of ``arena`` bytes or, with None, one from the heap by request.

        Raises ``UnsupportedError`` for an AVR, whose compiler comes without the C++ library that TFLM is written for.
        """
        _require_cpp(board)
        return sketch.compose(
            board=board,
            implementation=self.name,
            title=f"{model.name} with {self.describe()}",
            model_digest=model.sha256[:12],
            files=files(
                model_bytes=model.data,
                operators=model.operators,
                library=self._library,
                arena_bytes=arena,
                markers=markers,
            ),
            library_headers=(),
            marked=_operator_count(model) if markers is Markers.OPERATORS else None,
            tells_places=markers is Markers.OPERATORS,
        )


def create(settings: Settings) -> Tflm:
    """Return the implementation."""
    return Tflm(settings)


def _operator_count(model: Model) -> int:
    return sum(use.count for use in model.operators)


def _require_cpp(board: Board) -> None:
    if board.is_avr:
        msg = f"TFLM needs the C++ standard library, and the compiler of {board.name} (avr-gcc) comes without it"
        raise UnsupportedError(msg)


def files(
    *,
    model_bytes: bytes,
    operators: Sequence[OperatorUse],
    library: TflmLibrary,
    arena_bytes: int | None,
    markers: Markers = Markers.NONE,
) -> dict[str, str]:
    """Return the sketch's files (name → text) that run a model with the interpreter of ``library``.

    ``arena_bytes`` is the size of the static array that the interpreter works in; the board can be told to use
    less of it. With None the board takes an arena from its heap when it is told a size. Raises
    ``UnsupportedError`` where the library has no kernel for one of ``operators``.
    """
    registrations: Mapping[str, str] = {library.registration(use): _lookup(use) for use in operators}
    model = models.parse(model_bytes, Path("model.tflite"))
    words = model_words(model_bytes)
    return {
        "network.cpp": sketch.render(
            "tflm/network.cpp.j2",
            library=library,
            registrations=registrations,
            markers=markers is Markers.OPERATORS,
            arena_bytes=arena_bytes,
            log_bytes=LOG_BYTES,
            input_count=len(model.inputs),
            output_count=len(model.outputs),
        ),
        "model_data.h": sketch.render("tflm/model_data.h.j2", model_bytes=len(model_bytes), word_count=len(words)),
        "model_data.cpp": sketch.render("tflm/model_data.cpp.j2", word_count=len(words), words=_initializer(words)),
    }


def _lookup(use: OperatorUse) -> str:
    """Return what a resolver finds an operator by: its name or number, and its version."""
    key = f"tflite::BuiltinOperator_{use.name}" if use.custom is None else f'"{use.custom}"'
    return f"{key}, {use.version}"


def model_words(content: bytes) -> tuple[int, ...]:
    """Return a file as 64-bit little-endian words, the last one filled up with zeros."""
    padded = content + bytes(-len(content) % _WORD_BYTES)
    return struct.unpack(f"<{len(padded) // _WORD_BYTES}Q", padded)


def _initializer(words: Sequence[int]) -> str:
    literals = [f"0x{word:x}" for word in words]
    lines = (literals[i : i + _WORDS_PER_LINE] for i in range(0, len(literals), _WORDS_PER_LINE))
    return "\n".join("    " + ", ".join(line) + "," for line in lines)
