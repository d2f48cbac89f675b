"""A network compiled: C functions, constants, buffers and the calls that run it. Plain data, no TVM in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

FORMAT = 2
"""Raised whenever a stored program of an older mcuprof can no longer be read."""


class Place(Enum):
    """What an argument of a call points to."""

    BUFFER = "buffer"
    CONSTANT = "constant"


@dataclass(frozen=True, kw_only=True)
class Argument:
    """What a function is called with."""

    place: Place
    index: int
    """Among the program's buffers or constants."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of a C function."""

    name: str
    dtype: str
    """numpy's name of the element type."""
    written: bool
    """Whether the function writes it."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """A C function."""

    name: str
    parameters: tuple[Parameter, ...]
    body: str = field(repr=False)
    """Its statements, indented."""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """An array that lies in flash."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    content: bytes = field(repr=False)
    """Its elements, little-endian."""


@dataclass(frozen=True, kw_only=True)
class Buffer:
    """A piece of the arena."""

    dtype: str
    shape: tuple[int, ...]
    bytes: int
    offset: int
    """In the arena."""
    first: int
    """The call that writes it; -1 for an input of the network."""
    last: int
    """The last call that reads it; the number of calls for an output of the network."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One step of the network."""

    function: int
    """Among the program's functions."""
    arguments: tuple[Argument, ...]
    operators: tuple[str, ...]
    """Names of the network's operators that it computes, in order."""
    places: tuple[int, ...]
    """Where those operators are in the network."""
    tensors: tuple[int, ...]
    """Indices of the network's tensors that it writes, in the order of the written arguments."""
    group: str = ""
    """What it computes, by its structure: the key by which tuning knows it. Empty where tuning does not."""
    tuned: bool = False
    """Whether tuning chose how it is computed."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """An input or output of the network."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    buffer: int
    scale: float | None = None
    zero_point: int | None = None


@dataclass(frozen=True, kw_only=True)
class Program:
    """A compiled network."""

    name: str
    inputs: tuple[Interface, ...]
    outputs: tuple[Interface, ...]
    functions: tuple[Function, ...] = field(repr=False)
    constants: tuple[Constant, ...] = field(repr=False)
    buffers: tuple[Buffer, ...]
    calls: tuple[Call, ...]
    helpers: tuple[str, ...]
    """Names of the C helpers that the functions call."""
    arena_bytes: int
    arena_lower_bound: int
    """The largest sum of buffers that live at the same time."""
    format: int = FORMAT

    @property
    def constant_bytes(self) -> int:
        """Size of all constants."""
        return sum(len(constant.content) for constant in self.constants)
