"""One-second recordings of spoken words, synthesised with espeak-ng, and what a microphone adds to them."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from chances import chance
from scipy import signal

RATE = 16_000
"""Samples a second of a recording, which has as many samples."""
ESPEAK_RATE = 22_050
WAV_HEADER = 44
"""Bytes before the samples in what espeak-ng prints."""
HUM, FLUTTER, CLICKS = 0.2, 0.35, 0.45
"""Shares of all noise, added up, that have each of these in it."""
FLUTTER_LEVEL = 0.7
MOST_SHIFT = 0.12
"""Seconds by which a word may stand off the middle of its recording."""
ACCENTS = (
    *("en-us", "en-us-nyc", "en-gb", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029"),
)
TRAINING_VOICES = (
    *("f1", "f2", "f4", "f5", "m1", "m2", "m4", "m5", "m7", "m8", "klatt", "klatt2", "klatt4", "klatt6"),
    *("Alex", "Alicia", "Andy", "Annie", "Denis", "Diogo", "Gene", "Henrique", "Jacky", "Lee", "Marco", "Mario"),
    *("Mike", "Nguyen", "adam", "anika", "antonio", "aunty", "benjamin", "boris", "caleb", "david", "edward"),
    *("grandma", "iven", "iven2", "iven4", "john", "linda", "max", "michel", "norbert", "pablo", "pedro", "rob"),
    *("sandro", "shelby", "steph", "steph3", "victor", "zac", "RicishayMax", "Tweaky", "travis", "kaukovalta"),
)
TEST_VOICES = (
    *("f3", "m3", "m6", "klatt3", "klatt5", "Andrea", "Gene2", "Hugo", "Michael", "belinda", "ed", "grandpa"),
    *("gustave", "iven3", "marcelo", "miguel", "paul", "quincy", "robert", "steph2", "RicishayMax2"),
)
"""No voice of the test set is heard in training."""
OTHER_WORDS = (
    *("up", "down", "left", "right", "on", "off", "stop", "go", "zero", "one", "two", "three", "four", "five"),
    *("six", "seven", "eight", "nine", "bed", "bird", "cat", "dog", "happy", "house", "tree", "wow", "backward"),
    *("forward", "follow", "learn", "visual", "yet", "less", "chess", "now", "note", "new", "show", "music"),
    *("yellow", "window", "water", "light", "hello", "okay", "please", "table", "market", "seldom", "north"),
)

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Saying:
    """One way of saying one word."""

    word: str
    voice: str
    speed: int
    """Words a minute."""
    pitch: int
    """0 to 99."""
    stretch: float
    """Above 1 the speaker sounds larger and slower."""


@dataclass(frozen=True, kw_only=True)
class Speakers:
    """Who may speak."""

    voices: tuple[str, ...]
    stretch: tuple[float, float]
    """Least and most."""


TRAINING_SPEAKERS = Speakers(voices=TRAINING_VOICES, stretch=(0.85, 1.17))
TEST_SPEAKERS = Speakers(voices=TEST_VOICES, stretch=(1.0, 1.0))


def random_saying(words: tuple[str, ...], speakers: Speakers, rng: np.random.Generator) -> Saying:
    """Choose a word and a way of saying it."""
    return Saying(
        word=str(rng.choice(words)),
        voice=f"{rng.choice(ACCENTS)}+{rng.choice(speakers.voices)}",
        speed=int(rng.integers(110, 231)),
        pitch=int(rng.integers(20, 81)),
        stretch=float(rng.uniform(*speakers.stretch)),
    )


def say_all(sayings: list[Saying]) -> list[Signal]:
    """Synthesise, two at a time; each result is float64 (samples,) at 16 kHz, without silence around the word."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_say, sayings))


def _say(saying: Saying) -> Signal:
    manner = ["-v", saying.voice, "-s", str(saying.speed), "-p", str(saying.pitch)]
    wav = subprocess.run(["espeak-ng", *manner, "--stdout", saying.word], check=True, capture_output=True).stdout
    speech = np.frombuffer(wav[WAV_HEADER:], dtype="<i2").astype(np.float64)
    speech = signal.resample_poly(speech, round(320 * saying.stretch), 441)
    loud = np.flatnonzero(np.abs(speech) > 0.02 * np.max(np.abs(speech), initial=1.0))
    return speech[loud[0] : loud[-1] + 1] if loud.size else np.zeros(RATE // 2)


def record(speech: Signal | None, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Record one second, int16 (16000,), with the word somewhere in it, or with nothing but noise."""
    level = 10 ** rng.uniform(2.6, 4.4)
    second = np.zeros(RATE)
    if speech is not None:
        second = _placed(_through_a_room(speech, rng), rng)
        second *= level / max(float(np.max(np.abs(second))), 1.0)
    # Speech is 10 to 40 dB above the noise; silence may be anything from next to none to loud.
    ratio = rng.uniform(10, 40) if speech is not None else rng.uniform(5, 60)
    rms = level * (0.25 if speech is not None else 1.0) * 10 ** (-ratio / 20)
    return np.clip(np.round(second + rms * noise(rng)), -32768, 32767).astype(np.int16)


def _placed(speech: Signal, rng: np.random.Generator) -> Signal:
    """Put the word near the middle of one second; of one that is too long, the middle is kept."""
    second = np.zeros(RATE)
    if len(speech) >= RATE:
        start = (len(speech) - RATE) // 2
        return speech[start : start + RATE].copy()
    room = RATE - len(speech)
    start = int(np.clip(room / 2 + rng.uniform(-MOST_SHIFT, MOST_SHIFT) * RATE, 0, room))
    second[start : start + len(speech)] = speech
    return second


def _through_a_room(speech: Signal, rng: np.random.Generator) -> Signal:
    """Tilt the spectrum a little, and add an echo half of the time."""
    tilted = signal.lfilter([1.0, -rng.uniform(-0.3, 0.5)], [1.0], speech)
    if chance(0.5, rng):
        delay = int(rng.uniform(0.005, 0.04) * RATE)
        echo = np.zeros_like(tilted)
        echo[delay:] = tilted[: len(tilted) - delay] if delay < len(tilted) else 0.0
        tilted = tilted + rng.uniform(0.1, 0.4) * echo
    return np.asarray(tilted)


def noise(rng: np.random.Generator) -> Signal:
    """Return a second of noise with unit RMS, float64 (16000,): from white to brown, with hum or clicks."""
    frequencies = np.fft.rfftfreq(RATE, 1 / RATE)
    spectrum = np.fft.rfft(rng.normal(0, 1, RATE)) / np.maximum(frequencies, 20) ** rng.uniform(0, 1.2)
    second = np.fft.irfft(spectrum, RATE)
    second /= np.std(second)
    kind = rng.random()
    if kind < HUM:
        time = np.arange(RATE) / RATE
        hum = sum(np.sin(2 * np.pi * rng.choice([50, 60]) * k * time) / k for k in (1, 2, 3, 5))
        second += rng.uniform(0.5, 2) * hum
    elif kind < FLUTTER:
        second *= 1 + rng.uniform(0, 3) * (
            np.sin(2 * np.pi * rng.uniform(0.5, 6) * np.arange(RATE) / RATE) > FLUTTER_LEVEL
        )
    elif kind < CLICKS:
        clicks = rng.integers(0, RATE, int(rng.integers(1, 8)))
        second[clicks] += rng.uniform(10, 40, len(clicks))
    return np.asarray(second / np.std(second))
