"""Pictures with and without people: backgrounds, what stands in them, and the light they are taken in."""

from __future__ import annotations

import functools

import draw_figures
import draw_things
import numpy as np
import numpy.typing as npt
import skimage
from chances import chance
from PIL import Image, ImageDraw, ImageFilter

SIZE = 96
"""Pixels a side of a finished picture."""
CANVAS = 2 * SIZE
"""Pixels a side while it is drawn; halving it afterwards smooths the edges."""
PHOTOGRAPHS = ("brick", "grass", "gravel", "coffee", "chelsea", "rocket", "hubble_deep_field", "coins")
"""Pictures without people that scikit-image ships, used as backgrounds."""
Pixels = npt.NDArray[np.uint8]


def picture(person: bool, rng: np.random.Generator) -> Pixels:
    """Draw a grey picture, uint8 (96, 96), with or without people in it."""
    canvas = Image.fromarray(_background(rng))
    draw = ImageDraw.Draw(canvas)
    ground = CANVAS * rng.uniform(0.7, 1.0)
    # A picture without people has as much in it, so that clutter alone tells nothing.
    _add_things(draw, ground, int(rng.integers(0, 3)) + (0 if person else int(rng.integers(0, 3))), rng)
    if person:
        _add_people(draw, ground, float(np.mean(np.asarray(canvas))), rng)
    if chance(0.12, rng):
        draw_things.in_front(draw, CANVAS, rng)
    return _photograph(canvas, rng)


def _add_things(draw: ImageDraw.ImageDraw, ground: float, count: int, rng: np.random.Generator) -> None:
    for _ in range(count):
        height = CANVAS * rng.uniform(0.2, 1.0)
        base = ground + CANVAS * rng.uniform(-0.1, 0.15)
        draw_things.random_thing(draw, CANVAS * rng.uniform(0, 1), base, height, rng)


def _add_people(draw: ImageDraw.ImageDraw, ground: float, backdrop: float, rng: np.random.Generator) -> None:
    """Draw one to three people: whole, or close enough that the picture ends at the chest.

    ``backdrop`` is the mean grey of what is behind them.
    """
    for _ in range(int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05]))):
        x = CANVAS * rng.uniform(0.2, 0.8)
        pose = str(rng.choice(["stand", "walk", "sit"], p=[0.5, 0.3, 0.2]))
        if chance(0.5, rng):
            height = CANVAS * rng.uniform(1.2, 3.0)
            feet = height * (0.74 if pose == "sit" else 0.97) + CANVAS * rng.uniform(0.02, 0.3)
        else:
            feet = ground + CANVAS * rng.uniform(-0.1, 0.1)
            height = min(CANVAS * rng.uniform(0.65, 1.1), feet)
        figure = draw_figures.Figure(draw, draw_figures.random_looks(backdrop, rng), height, rng)
        figure.paint((x, feet), pose)


def _background(rng: np.random.Generator) -> Pixels:
    """Return a background, uint8 (CANVAS, CANVAS)."""
    kind = rng.choice(["photograph", "room", "outdoors", "texture"], p=[0.35, 0.25, 0.2, 0.2])
    if kind == "photograph":
        return _photograph_crop(rng)
    if kind == "texture":
        return _texture(rng, rng.uniform(20, 60))
    return _two_planes(rng, horizon=rng.uniform(0.4, 0.85), outdoors=kind == "outdoors")


@functools.cache
def _load(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("L")


def _photograph_crop(rng: np.random.Generator) -> Pixels:
    """Cut a random square out of one of the photographs, mirrored half of the time."""
    image = _load(str(rng.choice(PHOTOGRAPHS)))
    side = int(min(image.size) * rng.uniform(0.3, 1.0))
    left, top = int(rng.integers(image.width - side + 1)), int(rng.integers(image.height - side + 1))
    crop = image.resize((CANVAS, CANVAS), Image.Resampling.BILINEAR, (left, top, left + side, top + side))
    pixels = np.asarray(crop)
    return pixels[:, ::-1].copy() if chance(0.5, rng) else pixels.copy()


def _texture(rng: np.random.Generator, contrast: float) -> Pixels:
    """Sum noise of several grain sizes around a random grey."""
    total = np.zeros((CANVAS, CANVAS))
    for grain in (3, 8, 24, 96):
        noise = rng.normal(0, 1, (grain, grain)).astype(np.float32)
        layer = Image.fromarray(noise).resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)
        total += np.asarray(layer) * rng.uniform(0, 1)
    return np.clip(rng.uniform(50, 200) + total * contrast / 2, 0, 255).astype(np.uint8)


def _two_planes(rng: np.random.Generator, horizon: float, *, outdoors: bool) -> Pixels:
    """Return a wall and a floor, or a sky, a row of houses or hills, and the ground."""
    rows = np.linspace(0, 1, CANVAS)[:, np.newaxis]
    above = rng.uniform(60, 240) + rng.uniform(-60, 60) * rows
    below = rng.uniform(20, 220) + rng.uniform(-60, 60) * rows
    pixels = np.repeat(np.where(rows < horizon, above, below), CANVAS, axis=1)
    pixels += _texture(rng, 15).astype(np.float64) - 128 if chance(0.5, rng) else 0
    canvas = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    draw, line = ImageDraw.Draw(canvas), horizon * CANVAS
    left = 0.0
    while outdoors and left < CANVAS:
        wide = CANVAS * rng.uniform(0.1, 0.3)
        top = line - CANVAS * rng.uniform(0.02, 0.3)
        draw.rectangle([left, top, left + wide, line], fill=int(rng.integers(20, 230)))
        left += wide
    if not outdoors:
        draw.rectangle([0, line - 3, CANVAS, line], fill=int(rng.integers(20, 230)))
    return np.array(canvas)


def _photograph(canvas: Image.Image, rng: np.random.Generator) -> Pixels:
    """Take the picture: focus, light, shadow, contrast and noise; the result is uint8 (96, 96)."""
    if chance(0.5, rng):
        canvas = canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    small = canvas.resize((SIZE, SIZE), Image.Resampling.BOX)
    pixels = np.asarray(small).astype(np.float64) / 255
    across, down = np.meshgrid(np.linspace(-0.5, 0.5, SIZE), np.linspace(-0.5, 0.5, SIZE))
    light = 1 + rng.normal(0, 0.3) * across + rng.normal(0, 0.3) * down
    pixels = np.clip(pixels * light, 0, 1) ** rng.uniform(0.75, 1.35)
    pixels = (pixels - 0.5) * rng.uniform(0.75, 1.1) + 0.5 + rng.uniform(-0.12, 0.12)
    pixels += rng.normal(0, rng.uniform(0, 0.02), pixels.shape)
    return np.clip(np.round(pixels * 255), 0, 255).astype(np.uint8)
