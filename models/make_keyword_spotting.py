"""The words yes and no, as TensorFlow Lite Micro's micro_speech example tells them apart."""

from __future__ import annotations

import functools

import keras
import numpy as np
import numpy.typing as npt
import spoken_words
import tensorflow as tf
from recipe import FloatArray, Recipe, Samples
from tensorflow.lite.experimental.microfrontend.python.ops import audio_microfrontend_op

LABELS = ("silence", "unknown", "yes", "no")
FRAMES, CHANNELS = 49, 40
FRONT_END_SCALE = 25.6
"""What micro_speech divides the front end's counts by."""
COUNTS_PER_STEP = 666 / 256
"""Front end counts that one step of the int8 input stands for."""
TRAINING_RECORDINGS = {"silence": 1_500, "unknown": 4_500, "yes": 3_000, "no": 3_000}
TEST_RECORDINGS = {"silence": 200, "unknown": 400, "yes": 300, "no": 300}
EPOCHS = 40
BATCH = 64


def samples(seed: int) -> tuple[Samples, Samples]:
    """Record the words. Training and test share no voice.

    ``x`` is float32 (N, 1960): 49 frames of 40 channels, the front end's counts divided by 25.6.
    """
    train, test = np.random.default_rng(seed).spawn(2)
    return (
        _recordings(TRAINING_RECORDINGS, spoken_words.TRAINING_SPEAKERS, train),
        _recordings(TEST_RECORDINGS, spoken_words.TEST_SPEAKERS, test),
    )


def _recordings(counts: dict[str, int], speakers: spoken_words.Speakers, rng: np.random.Generator) -> Samples:
    """Record ``counts`` seconds of each label, and shuffle them."""
    x: list[FloatArray] = []
    y: list[int] = []
    for label, count in counts.items():
        words = spoken_words.OTHER_WORDS if label == "unknown" else (label,)
        sayings = [spoken_words.random_saying(words, speakers, rng) for _ in range(count)]
        spoken = [None] * len(sayings) if label == "silence" else spoken_words.say_all(sayings)
        x += [features(spoken_words.record(speech, rng)) for speech in spoken]
        y += [LABELS.index(label)] * (len(x) - len(y))
    order = rng.permutation(len(y))
    return Samples(x=np.stack(x)[order], y=np.array(y, dtype=np.int64)[order])


def features(recording: npt.NDArray[np.int16]) -> FloatArray:
    """Return the spectrogram, float32 (1960,), of one second, int16 (16000,), from a front end just started.

    Windows of 30 ms every 20 ms, noise reduction, automatic gain and logarithm, as on the device.
    """
    counts = np.asarray(_front_end()(tf.constant(recording)), dtype=np.float32)
    return np.divide(counts.reshape(-1), FRONT_END_SCALE, dtype=np.float32)


@functools.cache
def _front_end() -> tf.types.experimental.PolymorphicFunction:
    return tf.function(
        functools.partial(
            audio_microfrontend_op.audio_microfrontend,
            sample_rate=spoken_words.RATE,
            window_size=30,
            window_step=20,
            num_channels=CHANNELS,
            out_type=tf.float32,
        ),
        input_signature=[tf.TensorSpec((spoken_words.RATE,), tf.int16)],
    )


def network() -> keras.Model:
    """Build (1, 1960) → 4 probabilities, layer for layer micro_speech's."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((FRAMES * CHANNELS,)),
            layers.Reshape((FRAMES, CHANNELS, 1)),
            layers.DepthwiseConv2D((10, 8), strides=2, padding="same", depth_multiplier=8, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(len(LABELS)),
            layers.Softmax(),
        ],
    )


def fit(model: keras.Model, train: Samples) -> None:
    """Train with a rate that falls to nothing."""
    rate = keras.optimizers.schedules.CosineDecay(1e-3, EPOCHS * len(train.y) // BATCH)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train.x, train.y, batch_size=BATCH, epochs=EPOCHS, verbose=2)


RECIPE = Recipe(
    name="keyword_spotting",
    title="Keyword spotting: yes and no",
    labels=LABELS,
    data="12000 one-second recordings of words synthesised with espeak-ng, and of noise; tested on 1200 more, "
    "in other voices. No human speech.",
    input_range=(0.0, 255 * COUNTS_PER_STEP / FRONT_END_SCALE),
    bundled_per_class=10,
    samples=samples,
    network=network,
    fit=fit,
)
