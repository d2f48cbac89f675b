"""``Program`` → C files for the graph executor: a JSON graph, and the operators that it names.

The graph has the format of TVM's graph executor as TVM wrote it up to 0.19. What an operator needs to work in is one
of its outputs, so that its memory is planned with that of the tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness import sketch
from harness.compiler import source
from harness.compiler.plan import Request
from harness.compiler.program import Argument, Buffer, Call, Constant, Function, Place, Program
from harness.compiler.storage import Storages, share
from harness.sketch import Markers

_RUNTIME = (
    "graph_executor.c", "graph_executor.h", "graph_flash.h", "graph_loader.c", "graph_loader.h", "json_reader.c",
    "json_reader.h", "operators.h",
)  # fmt: skip
_CPU = 1
"""DLPack's number of the kind of device."""
_KINDS = {"i": 0, "u": 1, "f": 2, "b": 6}
"""DLPack's numbers of the kinds of element types, by numpy's."""
_ANY = 255
"""In place of a number of dimensions that differs between calls."""
_PIECE = re.compile(r".{1,99}(?:,|$)|.{1,100}")
"""As much of the document as goes on a line of C, up to a comma where there is one."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """What the graph executor reads."""

    document: Mapping[str, object] = field(repr=False)
    """The JSON document."""
    parameters: tuple[tuple[int, int], ...]
    """Storage ids and the constants that they stand for, as places in the program's list."""
    storage_sizes: Mapping[int, int]
    """Bytes of each storage that is taken from the heap, by id."""

    @property
    def storage_bytes(self) -> int:
        """What all storages take from the heap."""
        return sum(self.storage_sizes.values())


def files(program: Program, title: str, *, markers: Markers = Markers.NONE) -> dict[str, str]:
    """Return the executor and ``operators.c``, which holds the network as ``graph_module``."""
    made = graph(program)
    text = compact(made.document)
    values = source.common(program) | {
        "title": title,
        "markers": markers is Markers.OPERATORS,
        "wrappers": [_wrapper(program, number) for number in range(len(program.functions))],
        "parameters": [(storage, program.constants[index].name) for storage, index in made.parameters],
        "json_bytes": len(text),
        "json_lines": [_c_text(line) for line in _lines(text)],
    }
    runtime = {name: sketch.copy(f"tvm_graph/{name}") for name in _RUNTIME}
    return runtime | source.kernels(program) | {"operators.c": sketch.render("tvm_graph/operators.c.j2", **values)}


def graph(program: Program) -> Graph:
    """Return the graph of ``program``: its inputs, then each call after the constants that it is the first to use."""
    builder = _Builder(program)
    for call in program.calls:
        builder.add(call)
    return builder.finish()


def storages(program: Program) -> Storages:
    """Return which of the program's buffers share memory.

    As with TVM, an input keeps its memory to itself, so that it can be set once and run often.
    """
    steps = len(program.calls)
    return share(
        [Request(size=b.bytes, first=b.first, last=steps if b.first < 0 else b.last) for b in program.buffers]
    )


def compact(document: Mapping[str, object]) -> str:
    """Return a document as text, without a space in it."""
    return json.dumps(document, separators=(",", ":"))


class _Builder:
    """Collects nodes, and what is told of each tensor that a node gives (an entry)."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._storages = storages(program)
        self._nodes: list[dict[str, object]] = []
        self._names: set[str] = set()
        self._rows = [0]
        self._types: list[str] = []
        self._shapes: list[list[int]] = []
        self._ids: list[int] = []
        self._known: dict[tuple[Place, int], int] = {}
        self._at: dict[Argument, list[int]] = {}
        for tensor in program.inputs:
            self._add_variable(Argument(place=Place.BUFFER, index=tensor.buffer), tensor.name)

    def add(self, call: Call) -> None:
        """Add a call, after those of its constants that are not there yet."""
        for argument in call.arguments:
            if argument.place is Place.CONSTANT and argument not in self._at:
                self._add_variable(argument, f"p{argument.index}")
        function = self._program.functions[call.function]
        arguments = list(zip(call.arguments, function.parameters, strict=True))
        written = [argument for argument, parameter in arguments if parameter.written]
        read = [argument for argument, parameter in arguments if not parameter.written]
        node: dict[str, object] = {
            "op": "tvm_op",
            "name": self._unique(function.name),
            "attrs": {
                "num_outputs": str(len(written)),
                "num_inputs": str(len(read)),
                "flatten_data": "0",
                "func_name": function.name,
            },
            "inputs": [self._at[argument] for argument in read],
        }
        self._add_node(node, written)

    def finish(self) -> Graph:
        """Return the graph."""
        heads = [self._at[Argument(place=Place.BUFFER, index=tensor.buffer)] for tensor in self._program.outputs]
        document = {
            "nodes": self._nodes,
            "arg_nodes": [number for number, node in enumerate(self._nodes) if node["op"] == "null"],
            "heads": heads,
            "attrs": {
                "dltype": ["list_str", self._types],
                "device_index": ["list_int", [_CPU] * len(self._ids)],
                "storage_id": ["list_int", self._ids],
                "shape": ["list_shape", self._shapes],
            },
            "node_row_ptr": self._rows,
        }
        numbers = self._known.items()
        return Graph(
            document=document,
            parameters=tuple((number, index) for (place, index), number in numbers if place is Place.CONSTANT),
            storage_sizes={
                number: max(1, self._storages.sizes[index])
                for (place, index), number in numbers
                if place is Place.BUFFER
            },
        )

    def _add_variable(self, argument: Argument, name: str) -> None:
        self._add_node({"op": "null", "name": self._unique(name), "inputs": []}, [argument])

    def _add_node(self, node: dict[str, object], outputs: Sequence[Argument]) -> None:
        for place, argument in enumerate(outputs):
            tensor = _tensor(self._program, argument)
            self._at[argument] = [len(self._nodes), place, 0]
            self._types.append(tensor.dtype)
            self._shapes.append(list(tensor.shape))
            self._ids.append(self._storage_id(argument))
        self._nodes.append(node)
        self._rows.append(len(self._ids))

    def _storage_id(self, argument: Argument) -> int:
        """Return the number of a storage; they are numbered as they are met."""
        constant = argument.place is Place.CONSTANT
        storage = argument.index if constant else self._storages.ids[argument.index]
        return self._known.setdefault((argument.place, storage), len(self._known))

    def _unique(self, wanted: str) -> str:
        """Return a name that no node has, of letters that need no escape in JSON or C."""
        plain = re.sub(r"[^A-Za-z0-9_.:/-]", "_", wanted) or "input"
        name, number = plain, 1
        while name in self._names:
            name, number = f"{plain}_{number}", number + 1
        self._names.add(name)
        return name


def _tensor(program: Program, argument: Argument) -> Buffer | Constant:
    if argument.place is Place.CONSTANT:
        return program.constants[argument.index]
    return program.buffers[argument.index]


def _wrapper(program: Program, number: int) -> Mapping[str, object]:
    """Return what the template needs to wrap function ``number``."""
    function = program.functions[number]
    return {"name": function.name, "places": _places(function), "types": _types(program, number)}


def _places(function: Function) -> list[int]:
    """Return where the arguments of a C function are among those of its node."""
    order = _order(function)
    return [order.index(number) for number in range(len(order))]


def _order(function: Function) -> list[int]:
    """Return the parameters of a C function as its node has them: inputs first, then outputs."""
    return sorted(range(len(function.parameters)), key=lambda i: function.parameters[i].written)


def _types(program: Program, number: int) -> list[tuple[int, int]]:
    """Return type and number of dimensions of each argument of a node that calls function ``number``."""
    function = program.functions[number]
    calls = [call for call in program.calls if call.function == number]
    return [
        (_type(function.parameters[i].dtype), _dimensions(program, [call.arguments[i] for call in calls]))
        for i in _order(function)
    ]


def _type(dtype: str) -> int:
    """Return a type as ``GRAPH_TYPE`` of ``graph_executor.h`` gives it."""
    found = np.dtype(dtype)
    return _KINDS[found.kind] << 4 | found.itemsize


def _dimensions(program: Program, arguments: Iterable[Argument]) -> int:
    """Return the number of dimensions that all these arguments have, or ``_ANY``."""
    found = {len(_tensor(program, argument).shape) for argument in arguments}
    return found.pop() if len(found) == 1 else _ANY


def _lines(text: str) -> list[str]:
    """Return a compact document in pieces: a node each, or as much as fits a line."""
    nodes = re.split(r"(?<=\},)(?=\{)", text)
    return [match[0] for node in nodes for match in _PIECE.finditer(node)]


def _c_text(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"')
