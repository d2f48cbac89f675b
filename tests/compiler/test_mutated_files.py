"""Files with bytes changed at random: an error that says why, or the answer that the interpreter gives.

``MCUPROF_MUTATIONS`` sets how many files are tried.
"""

import os
import random
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from harness import paths
from harness.compiler import source
from harness.errors import UnsupportedError, UsageError
from tests.compiler import host
from tests.compiler.networks import small_network

COUNT = int(os.environ.get("MCUPROF_MUTATIONS", "40"))
_SANITIZED = ("-std=gnu99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_COMPILE_S = 60
_MAIN = """
#include <stdio.h>
#include "model.h"
int main(void) {
%s
  model_invoke();
%s
  return 0;
}
"""


def mutated(content: bytes, seed: int) -> bytes:
    """Return the content with one or two bytes changed, most often in the part that is not weights."""
    chance = random.Random(seed)
    made = bytearray(content)
    for _ in range(chance.randint(1, 2)):
        place = chance.randrange(8, len(made))
        flipped = made[place] ^ 1 << chance.randrange(8)
        made[place] = chance.choice([flipped, flipped, flipped, 0, 1, 128, 255, chance.randrange(256)])
    return bytes(made)


def interpreted(content: bytes, inputs) -> bytes | None:
    """Return the interpreter's first output from a child process; None where it refuses or crashes."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            os.close(receive)
            interpreter = host.runtime.Interpreter.from_bytes(content, arena_size=4 << 20)
            for place, array in enumerate(inputs):
                interpreter.set_input(array, place)
            interpreter.invoke()
            with os.fdopen(send, "wb") as stream:
                stream.write(np.array(interpreter.get_output(0)).tobytes())
        finally:
            os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        raw = stream.read()
    os.waitpid(child, 0)
    return raw or None


def run_sanitized(program, inputs, folder: Path) -> bytes:
    """Return the first output of the C code, run under the sanitizers for memory and undefined behaviour."""
    for name, text in source.files(program, "mutated").items():
        (folder / name).write_text(text)
    reads = [f"  if (fread(model_input({i}), {a.nbytes}, 1, stdin) != 1) return 1;" for i, a in enumerate(inputs)]
    first = program.outputs[0]
    size = np.dtype(first.dtype).itemsize * int(np.prod(first.shape))
    (folder / "main.c").write_text(_MAIN % ("\n".join(reads), f"  fwrite(model_output(0), {size}, 1, stdout);"))
    made = folder / "mutated"
    words = ["cc", *_SANITIZED, folder / "main.c", folder / "model.c", "-o", made, "-lm"]
    subprocess.run([str(w) for w in words], check=True, capture_output=True, timeout=_COMPILE_S)
    done = subprocess.run(
        [str(made)], input=b"".join(a.tobytes() for a in inputs), capture_output=True, timeout=_COMPILE_S, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[:2000]
    return done.stdout


@pytest.mark.parametrize("name", ["small", "digits"])
def test_mutated_files(name, tmp_path):
    content = small_network() if name == "small" else (paths.data_dir() / "models" / "digits.tflite").read_bytes()
    outcomes = {"refused": 0, "right": 0, "not comparable": 0}
    for seed in range(COUNT):
        changed = mutated(content, seed)
        try:
            program = host.compile_network(changed)
        except (UnsupportedError, UsageError):
            outcomes["refused"] += 1
            continue
        inputs = host.random_inputs(program, seed)
        found = run_sanitized(program, inputs, tmp_path)
        expected = interpreted(changed, inputs)
        if expected is None:
            outcomes["not comparable"] += 1
            continue
        assert found == expected, f"seed {seed}"
        outcomes["right"] += 1
    assert outcomes["refused"] > COUNT // 20
    assert outcomes["right"] > COUNT // 20
    print(name, outcomes)
