"""The graph executor on this machine: right outputs, and an error for whatever is wrong with a graph."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from harness import paths, sketch
from harness.compiler import graph_executor
from harness.compiler.strategy import Kernels
from harness.implementations import tvm_graph
from tests.compiler import host, small_program
from tests.compiler.networks import Network

HERE = Path(__file__).parent
_WARNINGS = ("-Wall", "-Wextra", "-Werror")
_C = ("cc", "-std=c99", *_WARNINGS, "-O1", "-fwrapv", "-fPIC", "-c", "-Dmalloc=counted_malloc", "-Dfree=counted_free")
_CPP = ("c++", "-std=gnu++14", *_WARNINGS, "-O1", "-fPIC", "-c")


def call(*words, cwd):
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[:3000]}"
    return done.stdout


class Module(ctypes.Structure):
    """``GraphModule``."""

    _fields_ = (
        ("json", ctypes.c_char_p),
        ("json_bytes", ctypes.c_size_t),
        ("operators", ctypes.c_void_p),
        ("operator_count", ctypes.c_size_t),
        ("linked_parameter", ctypes.c_void_p),
    )


class HostGraph:
    """The files of a program's sketch, but for the firmware, compiled without a warning and loaded."""

    def __init__(self, program, folder: Path) -> None:
        self.program = program
        self.modules = []
        files = tvm_graph.files(program, "test") | {"network.h": sketch.copy("common/network.h")}
        for name, text in files.items():
            (folder / name).write_text(text)
        call(*_C, *(name for name in files if name.endswith(".c")), cwd=folder)
        call(*_CPP, "-I.", "network.cpp", HERE / "graph_network.cpp", cwd=folder)
        call("cc", "-O1", "-fPIC", "-c", HERE / "graph_memory.c", cwd=folder)
        call("cc", "-shared", "-o", "graph.so", *sorted(folder.glob("*.o")), "-lm", cwd=folder)
        self.library = ctypes.CDLL(str(folder / "graph.so"))
        for name in ("test_error", "graph_executor_error"):
            getattr(self.library, name).restype = ctypes.c_char_p
        for name in ("test_input", "test_output", "graph_executor_create"):
            getattr(self.library, name).restype = ctypes.c_void_p

    def count(self, name: str) -> int:
        return ctypes.c_size_t.in_dll(self.library, f"memory_{name}").value

    def start(self) -> None:
        assert self.library.test_start(), self.library.test_error()

    def run(self, inputs) -> list[np.ndarray]:
        for index, array in enumerate(inputs):
            assert self.library.test_input_bytes(index) == array.nbytes
            ctypes.memmove(self.library.test_input(index), np.ascontiguousarray(array).tobytes(), array.nbytes)
        assert self.library.test_infer(), self.library.test_error()
        return [self._output(index, tensor) for index, tensor in enumerate(self.program.outputs)]

    def _output(self, index, tensor):
        raw = ctypes.string_at(self.library.test_output(index), self.library.test_output_bytes(index))
        return np.frombuffer(raw, tensor.dtype).reshape(tensor.shape)

    def module(self, json: bytes) -> Module:
        """The network's module with another text."""
        original = Module.in_dll(self.library, "graph_module")
        return Module(json, len(json), original.operators, original.operator_count, original.linked_parameter)

    def create(self, json: bytes):
        """Make an executor; return it, or the error."""
        self.modules.append(self.module(json))  # the executor goes on using it
        made = self.library.graph_executor_create(ctypes.byref(self.modules[-1]))
        return self.library.graph_executor_error().decode() if made is None else ctypes.c_void_p(made)


def two_by_two() -> bytes:
    """Two inputs; outputs: their sum, its pooled image, and that under another shape."""
    net = Network()
    tensors = [net.tensor((1, 4, 4, 3), scale=0.05, zero_point=zero) for zero in (3, -7, 5)]
    net.operator("ADD", tensors[:2], tensors[2:], "AddOptions")
    pooled = net.tensor((1, 2, 2, 3), scale=0.05, zero_point=5)
    net.operator(
        "AVERAGE_POOL_2D", [tensors[2]], [pooled], "Pool2DOptions", 2,
        Padding=1, StrideH=2, StrideW=2, FilterHeight=2, FilterWidth=2,
    )  # fmt: skip
    flat = net.tensor((2, 6), scale=0.05, zero_point=5)
    net.operator("RESHAPE", [pooled, net.constant(np.array([2, 6], np.int32))], [flat], "ReshapeOptions")
    return net.finish(tensors[:2], [tensors[2], pooled, flat])


def only_a_view() -> bytes:
    """No operator is left to run: the output is the input."""
    net = Network()
    x, y = (net.tensor(shape, scale=0.05) for shape in ((1, 12), (3, 4)))
    net.operator("RESHAPE", [x, net.constant(np.array([3, 4], np.int32))], [y], "ReshapeOptions")
    return net.finish([x], [y])


def bundled(name: str) -> bytes:
    return (paths.data_dir() / "models" / f"{name}.tflite").read_bytes()


NETWORKS = {
    "digits": (lambda: bundled("digits"), True),
    "digits, alone": (lambda: bundled("digits"), False),
    "keyword_spotting": (lambda: bundled("keyword_spotting"), True),
    "person_detection": (lambda: bundled("person_detection"), True),
    "two by two": (two_by_two, True),
    "two by two, alone": (two_by_two, False),
    "only a view": (only_a_view, True),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_equal_tflms(name, tmp_path):
    content, fuse = NETWORKS[name]
    content = content()
    program = host.compile_network(content, fuse=fuse)
    graph = HostGraph(program, tmp_path)
    graph.start()
    assert (graph.library.test_inputs(), graph.library.test_outputs()) == (len(program.inputs), len(program.outputs))
    for seed, kind in enumerate(host.KINDS):
        inputs = host.random_inputs(program, seed, kind)
        for found, wanted in zip(graph.run(inputs), reference(content, inputs, len(program.outputs)), strict=True):
            np.testing.assert_array_equal(found, wanted.reshape(found.shape))
    planned = graph_executor.graph(program)
    assert graph.count("blocks") == len(planned.storage_sizes) + 1
    assert graph.library.test_arena_bytes() == planned.storage_bytes
    assert not graph.library.test_set_arena_bytes(planned.storage_bytes)


def reference(content, inputs, outputs):
    interpreter = host.runtime.Interpreter.from_bytes(content, arena_size=4 << 20)
    for index, array in enumerate(inputs):
        interpreter.set_input(array, index)
    interpreter.invoke()
    return [interpreter.get_output(index) for index in range(outputs)]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return HostGraph(small_program.small_program(), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def text(small):
    return graph_executor.compact(graph_executor.graph(small.program).document).encode()


def test_workspaces_views_and_functions_called_twice(small):
    small.start()
    for seed in range(3):
        inputs = host.random_inputs(small.program, seed)
        for _ in range(2):  # inputs keep their content
            for found, wanted in zip(small.run(inputs), small_program.expected(*inputs), strict=True):
                np.testing.assert_array_equal(found, wanted)


def test_the_executor_keeps_what_it_took_in_its_books(small, text):
    before = small.count("blocks"), small.count("bytes")
    made = small.create(text)
    planned = graph_executor.graph(small.program)
    assert small.library.graph_executor_storage_bytes(made) == planned.storage_bytes == 32
    assert small.count("blocks") - before[0] == 1 + len(planned.storage_sizes)
    small.library.graph_executor_destroy(made)
    assert small.count("blocks") == before[0]


@pytest.mark.parametrize(("old", "new"), [(",", " ,\n\t"), (":", " : "), ("[", "[ "), ("}", "\r\n }")])
def test_white_space_does_not_matter(small, text, old, new):
    made = small.create(text.decode().replace(old, new).encode())
    assert not isinstance(made, str)
    small.library.graph_executor_destroy(made)


WRONG = {
    "an unknown operator": ('"func_name":"mix"', '"func_name":"max"', "there is no operator max"),
    "an operator with a longer name": ('"func_name":"mix"', '"func_name":"mix_"', "there is no operator mix_"),
    "an unknown kind of node": ('"op":"null"', '"op":"const"', "a node is neither tvm_op nor null"),
    "inputs that were not announced": ('"num_inputs":"3"', '"num_inputs":"2"', "num_inputs does not fit the inputs"),
    "an output too many": ('"num_outputs":"2"', '"num_outputs":"3"', "the attributes do not fit the nodes"),
    "very many outputs": ('"num_outputs":"2"', '"num_outputs":"2147483647"', "too many tensors"),
    "a reference to a later node": ("[[0,0,0],[1,0,0]", "[[9,0,0],[1,0,0]", "there is no such node yet"),
    "a reference to a missing output": ("[[0,0,0],[1,0,0]", "[[0,1,0],[1,0,0]", "the node has no such output"),
    "half a reference": ("[[0,0,0],[1,0,0]", "[[0],[1,0,0]", "a node and its output are missing"),
    "an unknown type": ('"int32"', '"int4"', "unknown element type"),
    "a negative size": ("[[4],", "[[-4],", "a number is missing"),
    "a size with a fraction": ("[[4],", "[[4.5],", "a comma or bracket is missing"),
    "a number of more than 31 bits": ("[[4],", "[[2147483648],", "a number is too large"),
    "a tensor of more than 31 bits": ("[[4],", "[[70000,70000],", "tensor 0 is too large"),
    "a tensor beyond memory": ("[[4],", "[[2000000],", "out of memory: 2000000 bytes for storage 0"),
    "a type too few": ('["int8",', "[", "the attributes do not fit the nodes"),
    "a storage id out of range": ('"list_int",[0,', '"list_int",[70000,', "a storage id is too large"),
    "storage ids with gaps": ('"list_int",[0,', '"list_int",[100,', "the attributes do not fit the nodes"),
    "writing to flash": ("[0,1,2,3,4,4,5]", "[0,1,2,3,2,4,5]", "tensor 4 would be written over a constant"),
    "other rows": ("[0,1,2,3,5,6,7]", "[0,1,2,3,4,6,7]", "node_row_ptr does not fit the nodes"),
    "a trailing comma": ("[0,1,2,3,5,6,7]", "[0,1,2,3,5,6,7,]", "a number is missing"),
    "a missing comma": ("[0,1,2,3,5,6,7]", "[0,1 2,3,5,6,7]", "a comma or bracket is missing"),
    "a missing colon": ('"heads":', '"heads"', "a colon is missing"),
    "a list in place of an object": ('"attrs":{', '"attrs":[', "an object is missing"),
    "nested too deeply": ('"heads"', '"more":' + "[" * 33 + "]" * 33 + ',"heads"', "nested too deeply"),
    "a wrong bracket, left out": ('"heads"', '"more":[{"a":[1,2},3],"heads"', "a comma or bracket is missing"),
    "no value, left out": ('"heads"', '"more":[1,,2],"heads"', "a value is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_graph_is_an_error(case, small, text):
    old, new, error = WRONG[case]
    before = small.count("blocks")
    assert text.decode().count(old) >= 1
    found = small.create(text.decode().replace(old, new, 1).encode())
    assert isinstance(found, str)
    assert found.removeprefix("graph, byte ").lstrip("0123456789").removeprefix(": ") == error
    assert small.count("blocks") == before


@pytest.mark.parametrize(("json", "error"), [
    (b"", "graph, byte 0: an object is missing"),
    (b"[]", "graph, byte 0: an object is missing"),
    (b"{}", "graph, byte 2: the attributes do not fit the nodes"),
    (b'{"a":"\\"', "graph, byte 6: a text has no end"),
    (b'{"a":null} {', "graph, byte 11: more than one value"),
])  # fmt: skip
def test_another_text_is_an_error(small, json, error):
    assert small.create(json) == error


def test_values_of_any_kind_are_skipped(small, text):
    more = '"more":[{"a":[],"b":{}},-1.5e+3,true,"\\\\\\"]}",[[0]]],"heads"'
    made = small.create(text.decode().replace('"heads"', more).encode())
    assert not isinstance(made, str)
    small.library.graph_executor_destroy(made)


@pytest.mark.parametrize(("old", "new"), [
    ('["int8","int8","int8","int8"', '["int8","int8","int8","uint8"'),
    ("[[4],[4],[4],[4]", "[[4],[4],[4],[4,1]"),
])  # fmt: skip
def test_an_operator_refuses_tensors_that_it_was_not_compiled_for(small, text, old, new):
    assert old in text.decode()
    made = small.create(text.decode().replace(old, new).encode())
    assert not isinstance(made, str)
    assert not small.library.graph_executor_run(made) & 1
    assert small.library.graph_executor_error() == b"step 0: the operator was not compiled for these tensors"
    small.library.graph_executor_destroy(made)


def test_an_input_is_copied_only_when_it_fits(small, text):
    made = small.create(text)
    given = np.array([1, 2, 3, 4], np.int8).tobytes()
    set_input = small.library.graph_executor_set_input
    set_input.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    set_input.restype = ctypes.c_bool
    assert set_input(made, 0, given, 4)
    assert not set_input(made, 0, given, 3)
    assert not set_input(made, 2, given, 4)  # that is a constant
    assert small.library.graph_executor_error() == b"there is no such input of this size"
    small.library.graph_executor_destroy(made)


def test_no_text_and_no_lack_of_memory_does_harm(tmp_path):
    files = graph_executor.files(small_program.small_program(), "small")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    sanitize = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    (tmp_path / "empty.c").write_text("int main(void) { return 0; }\n")
    words = ("cc", *sanitize, "empty.c", "-o", "empty")
    tried = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    flags = sanitize if tried.returncode == 0 else ()
    call(*_C, *flags, *(name for name in files if name.endswith(".c")), cwd=tmp_path)
    sources = (HERE / "graph_memory.c", HERE / "graph_stress.c")
    call("cc", "-O1", *flags, "-I.", *sources, *sorted(tmp_path.glob("*.o")), "-o", "stress", cwd=tmp_path)
    assert " refused\n" in call("./stress", cwd=tmp_path)


@pytest.mark.skipif(
    not (shutil.which("avr-gcc") and shutil.which("simavr")), reason="avr-gcc and simavr are not on PATH"
)
def test_text_and_tables_stay_in_flash_on_avr(tmp_path):
    """Where int has 16 bits and flash is an address space of its own: in the 2 KiB of RAM of an ATmega328P."""
    program = host.compile_network(bundled("digits"), kernels=Kernels.LOOPS)
    inputs = host.random_inputs(program, 1)
    for name, text in graph_executor.files(program, "digits").items():
        (tmp_path / name).write_text(text)
    values = ",".join(map(str, inputs[0].ravel().tolist()))
    flags = ("-mmcu=atmega328p", "-Os", "-std=gnu99", *_WARNINGS, f"-DINPUT={values}", "-I.")
    call("avr-gcc", *flags, HERE / "graph_avr.c", *sorted(tmp_path.glob("*.c")), "-o", "run.elf", cwd=tmp_path)
    words = ("simavr", "-m", "atmega328p", "-f", "16000000", "run.elf")
    done = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60)
    expected = " ".join(map(str, host.HostNetwork(program).outputs(inputs)[0].ravel().tolist()))
    assert f"{expected} graph, byte " in done.stdout + done.stderr
