"""Runs compiled networks on this machine, and compares every tensor with the TFLM interpreter's."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from harness import models
from harness.compiler import source
from harness.compiler.build import compile_model
from harness.compiler.program import Program
from harness.compiler.strategy import Kernels, Options, rule

_FLAGS = ("-std=gnu99", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC")
_HOOK = """
void (*model_hook)(int);
#define MODEL_AFTER(step) if (model_hook != 0) model_hook(step);
"""
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int)


def compile_network(content: bytes, *, fuse: bool = True, kernels: Kernels = Kernels.PACKED) -> Program:
    """Return the program of a .tflite file's content."""
    model = models.parse(content, Path("network.tflite"))
    return compile_model(model, fuse=fuse, rule=rule(Options(kernels=kernels)))


class HostNetwork:
    """A program, compiled by the system's C compiler without a warning and loaded into this process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        with tempfile.TemporaryDirectory(prefix="mcuprof-test-") as name:
            self._library = ctypes.CDLL(str(_compile(program, Path(name))))
        self._library.model_input.restype = ctypes.c_void_p
        self._library.model_input.argtypes = [ctypes.c_size_t]
        self._arena = self._library.model_input(0) - program.buffers[program.inputs[0].buffer].offset
        self._hook = _CALLBACK(self._after)
        ctypes.c_void_p.in_dll(self._library, "model_hook").value = ctypes.cast(self._hook, ctypes.c_void_p).value
        self._seen: dict[int, np.ndarray] = {}

    def _after(self, step: int) -> None:
        call = self.program.calls[step]
        parameters = self.program.functions[call.function].parameters
        written = [a for p, a in zip(parameters, call.arguments, strict=True) if p.written]
        for tensor, argument in zip(call.tensors, written, strict=False):
            self._seen[tensor] = self._buffer(argument.index)

    def _buffer(self, index: int) -> np.ndarray:
        buffer = self.program.buffers[index]
        raw = ctypes.string_at(self._arena + buffer.offset, buffer.bytes)
        return np.frombuffer(raw, buffer.dtype).reshape(buffer.shape)

    def run(self, inputs) -> dict[int, np.ndarray]:
        """Run once; return every tensor that was written, by its index, as it was right after its step."""
        self._seen = {}
        for interface, array in zip(self.program.inputs, inputs, strict=True):
            assert array.dtype == interface.dtype
            assert array.shape == interface.shape
            offset = self.program.buffers[interface.buffer].offset
            ctypes.memmove(self._arena + offset, np.ascontiguousarray(array).tobytes(), array.nbytes)
        self._library.model_invoke()
        return self._seen

    def outputs(self, inputs) -> list[np.ndarray]:
        """Run once and return the network's outputs."""
        self.run(inputs)
        return self.kept_outputs()

    def kept_outputs(self) -> list[np.ndarray]:
        """Return the network's outputs as they are after a run."""
        return [self._buffer(interface.buffer) for interface in self.program.outputs]


def _compile(program: Program, folder: Path) -> Path:
    for name, text in source.files(program, "test").items():
        (folder / name).write_text(text)
    (folder / "hook.h").write_text(_HOOK)
    made = folder / "model.so"
    words = ["cc", *_FLAGS, "-include", folder / "hook.h", folder / "model.c", "-o", made, "-lm"]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr[:3000]}\n{(folder / 'model.c').read_text()[:3000]}"
    return made


def random_inputs(program: Program, seed: int, kind: str = "random") -> list[np.ndarray]:
    """Return inputs: ``random``, or all ``low``, all ``high``, or ``alternating`` between the two."""
    generator = np.random.default_rng(seed)
    return [_array(tensor.dtype, tensor.shape, generator, kind) for tensor in program.inputs]


KINDS = ("random", "low", "high", "alternating")


def _array(dtype, shape, generator, kind):
    if np.dtype(dtype).kind == "f":
        low, high = -4.0, 4.0
        random = generator.uniform(low, high, shape)
    else:
        limits = np.iinfo(dtype)
        low, high = limits.min, limits.max
        random = generator.integers(low, high, shape, endpoint=True)
    flat = np.arange(int(np.prod(shape))).reshape(shape)
    made = {"random": random, "low": np.full(shape, low), "high": np.full(shape, high)}
    return np.asarray(made.get(kind, np.where(flat % 2, high, low)), dtype)


def reference_tensors(content: bytes, inputs, wanted) -> dict[int, np.ndarray]:
    """Return the TFLM interpreter's tensors of these indices after one run."""
    interpreter = interpreted(content, inputs)
    return {index: np.array(interpreter.GetTensor(index, 0)["tensor_data"]) for index in wanted}


def interpreted(content: bytes, inputs) -> runtime.Interpreter:
    """Return a TFLM interpreter that has run once and keeps every tensor."""
    interpreter = runtime.Interpreter.from_bytes(
        content, arena_size=4 << 20, intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors
    )
    for place, array in enumerate(inputs):
        interpreter.set_input(array, place)
    interpreter.invoke()
    return interpreter


def check(
    content: bytes, *, fuse: bool = True, tolerance: float = 0.0, seeds: int = 2, kernels: Kernels = Kernels.PACKED
) -> Program:
    """Fail unless every tensor that the program materialises equals TFLM's, on random and extreme inputs.

    ``tolerance`` is the largest difference that an element may have: in units of the last place for integers.
    """
    program = compile_network(content, fuse=fuse, kernels=kernels)
    network = HostNetwork(program)
    for seed in range(seeds):
        for kind in KINDS if seed == 0 else KINDS[:1]:
            inputs = random_inputs(program, seed, kind)
            compare(content, network, inputs, tolerance, kind)
    return program


def compare(content, network, inputs, tolerance=0.0, label="") -> None:
    """Fail unless a run on ``inputs`` gives TFLM's tensors, each right after its step, and its outputs at the end."""
    found, interpreter = network.run(inputs), interpreted(content, inputs)
    for index, array in found.items():
        expected = np.array(interpreter.GetTensor(index, 0)["tensor_data"])
        _require_equal(array, expected, tolerance, f"{label}: tensor {index}")
    for place, array in enumerate(network.kept_outputs()):
        _require_equal(array, np.array(interpreter.get_output(place)), tolerance, f"{label}: output {place}")


def _require_equal(array, expected, tolerance, what) -> None:
    assert array.dtype == expected.dtype
    worst = float(np.abs(array.ravel().astype(np.float64) - expected.ravel().astype(np.float64)).max(initial=0.0))
    assert worst <= tolerance, f"{what} {array.shape} differs by {worst}"
