"""Make the bundled models: python models/make_models.py [NAME…]."""

from __future__ import annotations

import argparse
import importlib
import time
from pathlib import Path

import check
import int8_file
import keras
import numpy as np
import tensorflow as tf
from recipe import Int8Array, Recipe, Samples

HERE = Path(__file__).parent
SEED = 20
CALIBRATION_SAMPLES = 400
ALLOWED_DIFFERENCE = 1
"""Steps of the int8 output by which the two interpreters may differ."""


def main() -> None:
    """Make the models named on the command line, or all of them."""
    modules = {path.stem for path in HERE.glob("make_*.py")} - {"make_models"}
    names = sorted(module.removeprefix("make_") for module in modules)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all of them by default")
    parser.add_argument("-o", "--output", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--float", action="store_true", help="write what `mcuprof quantize` takes, and nothing else")
    arguments = parser.parse_args()
    if unknown := set(arguments.name) - set(names):
        parser.error(f"no such model: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    for name in arguments.name or names:
        recipe = importlib.import_module(f"make_{name}").RECIPE
        (make_float if arguments.float else make)(recipe, arguments.output)


def make_float(recipe: Recipe, folder: Path) -> None:
    """Train one model, and write NAME.keras, NAME_train.npz and NAME_test.npz, all in floats, into ``folder``."""
    network, train, test = trained(recipe, time.monotonic())
    network.save(folder / f"{recipe.name}.keras")
    for name, samples in (("train", train), ("test", test)):
        np.savez_compressed(folder / f"{recipe.name}_{name}.npz", x_data=samples.x, y_data=samples.y)


def trained(recipe: Recipe, started: float) -> tuple[keras.Model, Samples, Samples]:
    """Return the trained network with the samples that it was trained on, and those to test it with."""
    keras.utils.set_random_seed(SEED)
    train, test = recipe.samples(SEED)
    say(recipe, started, f"{len(train.y)} samples to train on, {len(test.y)} to test")
    network = recipe.network()
    recipe.fit(network, train)
    say(recipe, started, f"trained; float accuracy {float_accuracy(network, test):.4f}")
    return network, train, test


def make(recipe: Recipe, folder: Path) -> None:
    """Train one model, quantize it, test it, and write NAME.tflite and NAME.npz into ``folder``."""
    started = time.monotonic()
    network, train, test = trained(recipe, started)
    calibration = train.x[:CALIBRATION_SAMPLES]
    model = int8_file.tidy(int8_file.convert(network, calibration, recipe.input_range), f"mcuprof {recipe.name}")

    x_test = check.quantize(model, test.x)
    micro = check.micro_outputs(model, x_test)
    compare_interpreters(micro, check.reference_outputs(model, x_test))
    right = check.correct(micro, test.y)
    bundled = test if recipe.bundled_per_class is None else test.first_of_each_class(recipe.bundled_per_class)
    x_bundled = check.quantize(model, bundled.x)
    facts = {
        "name": recipe.name,
        "title": recipe.title,
        "labels": recipe.labels,
        "data": recipe.data,
        "accuracy": round(right / len(test.y), 4),
        "test_samples": len(test.y),
        "bundled_correct": check.correct(check.micro_outputs(model, x_bundled), bundled.y),
        "license": "Apache-2.0",
    }
    write(int8_file.add_metadata(model, facts), x_bundled, bundled, folder / recipe.name)
    say(recipe, started, f"int8 accuracy {facts['accuracy']}, {facts['bundled_correct']} of {len(bundled.y)} bundled")


def float_accuracy(network: keras.Model, test: Samples) -> float:
    """Return the share of ``test`` that the network gets right before it is quantized."""
    probabilities = network.predict(test.x, verbose=0)
    return float(np.mean(np.argmax(probabilities, axis=1) == test.y))


def compare_interpreters(micro: Int8Array, reference: Int8Array) -> None:
    """Raise ValueError if two sets of outputs, int8 (N, classes), differ by more than is allowed."""
    worst = int(np.max(np.abs(micro.astype(np.int32) - reference)))
    if worst > ALLOWED_DIFFERENCE:
        message = f"the two interpreters differ by {worst} steps, at most {ALLOWED_DIFFERENCE} is allowed"
        raise ValueError(message)


def write(model: bytes, x: Int8Array, bundled: Samples, stem: Path) -> None:
    """Write the model and its samples: ``x_data`` int8 (N, *input shape), ``y_data`` int64 (N,)."""
    stem.with_suffix(".tflite").write_bytes(model)
    np.savez_compressed(stem.with_suffix(".npz"), x_data=x, y_data=bundled.y)


def say(recipe: Recipe, started: float, what: str) -> None:
    """Print a line of progress with the seconds since ``started``, a monotonic time."""
    print(f"{recipe.name} [{time.monotonic() - started:.0f} s]: {what}", flush=True)


if __name__ == "__main__":
    main()
