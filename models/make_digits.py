"""Handwritten digits, for microcontrollers as small as an AVR with 2 KB of RAM."""

from __future__ import annotations

import keras
import numpy as np
from recipe import Recipe, Samples
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

BRIGHTEST = 16
"""Pixels of the data set are counts from 0 to 16."""
EPOCHS = 120
SHIFT = 0.1
ROTATION = 0.03


def samples(seed: int) -> tuple[Samples, Samples]:
    """Split scikit-learn's 1,797 digits into 1,437 for training and 360 for test, stratified.

    ``x`` is float32 (N, 8, 8, 1), from 0 to 1.
    """
    pixels, labels = load_digits(return_X_y=True)
    x = (pixels / BRIGHTEST).astype(np.float32).reshape(-1, 8, 8, 1)
    y = labels.astype(np.int64)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, stratify=y, random_state=seed)
    return Samples(x=x_train, y=y_train), Samples(x=x_test, y=y_test)


def network() -> keras.Model:
    """Build (1, 8, 8, 1) → 10 probabilities; 2,832 weights, at most 640 activations alive at once."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(16, 1, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
            layers.Softmax(),
        ],
    )


def fit(model: keras.Model, train: Samples) -> None:
    """Train on slightly moved and turned copies of the digits."""
    moved = keras.Sequential(
        [
            keras.layers.RandomTranslation(SHIFT, SHIFT, fill_mode="constant", seed=1),
            keras.layers.RandomRotation(ROTATION, fill_mode="constant", seed=2),
        ],
    )
    steps = EPOCHS * (len(train.y) // 32 + 1)
    rate = keras.optimizers.schedules.CosineDecay(4e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    for epoch in range(EPOCHS):
        x = moved(train.x, training=True) if epoch % 2 else train.x
        model.fit(np.asarray(x), train.y, batch_size=32, initial_epoch=epoch, epochs=epoch + 1, verbose=0)


RECIPE = Recipe(
    name="digits",
    title="Handwritten digits",
    labels=tuple(str(digit) for digit in range(10)),
    data="1437 of the 1797 real 8x8 images of handwritten digits that scikit-learn ships; tested on the other 360.",
    input_range=(0.0, 1.0),
    bundled_per_class=None,
    samples=samples,
    network=network,
    fit=fit,
)
