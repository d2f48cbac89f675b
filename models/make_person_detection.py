"""Is there a person in the picture: MobileNet v1, a quarter as wide, on 96x96 grey pixels."""

from __future__ import annotations

import math

import draw_scenes
import keras
import numpy as np
from recipe import Recipe, Samples

LABELS = ("no_person", "person")
TRAINING_PICTURES = 20_000
TEST_PICTURES = 1_000
COARSE_EPOCHS = 20
EPOCHS = 6
SIZE = draw_scenes.SIZE
BATCH = 64
BLOCKS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *((128, 1),) * 5, (256, 2), (256, 1))
"""Channels and stride of each depthwise-separable block."""
TOTAL_STRIDE = 32


def samples(seed: int) -> tuple[Samples, Samples]:
    """Draw the training and the test pictures, from streams of random numbers that have nothing in common.

    ``x`` is float32 (N, 96, 96, 1), from 0 to 1; as many pictures have a person as not.
    """
    train, test = np.random.default_rng(seed).spawn(2)
    return _pictures(TRAINING_PICTURES, train), _pictures(TEST_PICTURES, test)


def _pictures(count: int, rng: np.random.Generator) -> Samples:
    y = np.arange(count, dtype=np.int64) % len(LABELS)
    pixels = np.stack([draw_scenes.picture(bool(label), rng) for label in y])
    return Samples(x=np.divide(pixels[..., np.newaxis], 255, dtype=np.float32), y=y)


def network(size: int = SIZE) -> keras.Model:
    """Build (1, size, size, 1) → 2 probabilities: MobileNet v1 0.25 whose first convolution is a depthwise one."""
    layers = keras.layers
    first = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=8, use_bias=False)
    stack = [keras.Input((size, size, 1)), first, *_normalized()]
    for channels, stride in BLOCKS:
        stack += [layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False), *_normalized()]
        stack += [layers.Conv2D(channels, 1, use_bias=False), *_normalized()]
    stack += [
        layers.AveragePooling2D(math.ceil(size / TOTAL_STRIDE), strides=2),
        layers.Dropout(0.2),
        layers.Conv2D(len(LABELS), 1),
        layers.Reshape((len(LABELS),)),
        layers.Softmax(),
    ]
    return keras.Sequential(stack)


def _normalized() -> list[keras.Layer]:
    return [keras.layers.BatchNormalization(momentum=0.95), keras.layers.ReLU(6.0)]


def fit(model: keras.Model, train: Samples) -> None:
    """Train on pictures of half the size first, which takes a quarter of the time, and then on the full ones."""
    coarse = network(SIZE // 2)
    halves = train.x.reshape(-1, SIZE // 2, 2, SIZE // 2, 2, 1).mean(axis=(2, 4), dtype=np.float32)
    _fit(coarse, Samples(x=halves, y=train.y), COARSE_EPOCHS, 2e-3)
    model.set_weights(coarse.get_weights())
    _fit(model, train, EPOCHS, 1e-3)


def _fit(model: keras.Model, train: Samples, epochs: int, most: float) -> None:
    """Train with a rate that rises to ``most`` for an epoch, then falls to nothing; odd epochs see a mirror."""
    steps = len(train.y) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(
        1e-4,
        steps * (epochs - 1),
        warmup_target=most,
        warmup_steps=steps,
    )
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    mirrored = train.x[:, :, ::-1]
    for epoch in range(epochs):
        x = mirrored if epoch % 2 else train.x
        model.fit(x, train.y, batch_size=BATCH, initial_epoch=epoch, epochs=epoch + 1, verbose=2)


RECIPE = Recipe(
    name="person_detection",
    title="Person detection",
    labels=LABELS,
    data="20000 synthetic pictures, not photographs of people: people and things drawn by a program on drawn "
    "backgrounds and on photographs that scikit-image ships; tested on 1000 more of them.",
    input_range=(0.0, 1.0),
    bundled_per_class=20,
    samples=samples,
    network=network,
    fit=fit,
)
