"""Draw what is not a person into a grey picture: furniture, lamps, plants, animals, and what else stands about."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from chances import chance
from PIL import ImageDraw

Point = tuple[float, float]
Thing = Callable[[ImageDraw.ImageDraw, float, float, float, np.random.Generator], None]


def random_thing(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw a thing chosen at random that stands at (``x``, ``ground``), ``height`` pixels tall."""
    THINGS[int(rng.integers(len(THINGS)))](draw, x, ground, height, rng)


def in_front(draw: ImageDraw.ImageDraw, size: int, rng: np.random.Generator) -> None:
    """Draw something close to the viewer that hides the lower part, or stripes, of a ``size`` pixel picture."""
    kind, grey = rng.integers(3), _grey(rng)
    if kind == 0:
        draw.rectangle([0, size * rng.uniform(0.72, 0.95), size, size], fill=grey)
    elif kind == 1:
        left = size * rng.uniform(-0.2, 0.9)
        draw.rectangle([left, size * rng.uniform(0.5, 0.85), left + size * rng.uniform(0.2, 0.5), size], fill=grey)
    else:
        gap = size * rng.uniform(0.14, 0.3)
        for left in np.arange(rng.uniform(0, gap), size, gap):
            draw.line([(left, 0), (left, size)], fill=grey, width=int(rng.integers(2, 6)))


def _grey(rng: np.random.Generator) -> int:
    return int(rng.integers(8, 248))


def _ellipse(draw: ImageDraw.ImageDraw, centre: Point, wide: float, tall: float, grey: int) -> None:
    x, y = centre
    draw.ellipse([x - wide, y - tall, x + wide, y + tall], fill=grey)


def _table(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    grey, half, top = _grey(rng), height * rng.uniform(0.5, 0.9), ground - height * 0.6
    draw.rectangle([x - half, top, x + half, top + height * 0.07], fill=grey)
    for side in (-1, 1):
        left = x + side * half * 0.85
        draw.rectangle([left - height * 0.03, top, left + height * 0.03, ground], fill=grey)
    if chance(0.5, rng):
        _vase(draw, x + rng.uniform(-0.5, 0.5) * half, top, height * 0.4, rng)


def _chair(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    grey, half, seat = _grey(rng), height * 0.25, ground - height * 0.45
    draw.rectangle([x - half, ground - height, x + half, seat - height * 0.1], fill=grey)
    draw.rectangle([x - half, seat, x + half, seat + height * 0.08], fill=max(grey - 20, 0))
    for side in (-1, 1):
        draw.line([(x + side * half * 0.9, ground - height), (x + side * half * 0.9, ground)], fill=grey, width=3)


def _shelf(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    half, grey, rows = height * rng.uniform(0.2, 0.4), _grey(rng), int(rng.integers(3, 6))
    draw.rectangle([x - half, ground - height, x + half, ground], fill=grey)
    for row in range(rows):
        base = ground - height * row / rows - 2
        left = x - half + 3
        while left < x + half - 5:
            wide = rng.uniform(2, 7)
            draw.rectangle([left, base - height / rows * rng.uniform(0.5, 0.85), left + wide, base], fill=_grey(rng))
            left += wide + 1


def _floor_lamp(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    pole, shade = _grey(rng), _grey(rng)
    draw.line([(x, ground), (x, ground - height * 0.9)], fill=pole, width=max(2, int(height * 0.025)))
    _ellipse(draw, (x, ground), height * 0.12, height * 0.02, pole)
    top, half = ground - height, height * rng.uniform(0.08, 0.15)
    if chance(0.4, rng):
        _ellipse(draw, (x, top + half), half, half, shade)
        return
    bottom = top + height * rng.uniform(0.12, 0.22)
    draw.polygon([(x - half * 0.6, top), (x + half * 0.6, top), (x + half, bottom), (x - half, bottom)], fill=shade)


def _tree(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    trunk, leaves, wide = _grey(rng), _grey(rng), height * rng.uniform(0.03, 0.07)
    draw.rectangle([x - wide, ground - height * 0.6, x + wide, ground], fill=trunk)
    if chance(0.3, rng):
        for level in (0.3, 0.5, 0.7):
            y, half = ground - height * level, height * (0.85 - level) * 0.5
            draw.polygon([(x - half, y), (x + half, y), (x, y - height * 0.3)], fill=leaves)
        return
    for _ in range(int(rng.integers(1, 9))):
        dx, dy = rng.normal(0, 0.1, 2) * height
        shade = int(np.clip(leaves + rng.integers(-25, 25), 0, 255))
        _ellipse(draw, (x + dx, ground - height * 0.75 + dy), height * 0.16, height * rng.uniform(0.12, 0.2), shade)


def _animal(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw something with four legs, a trunk, a tail and a head with ears."""
    grey, side, size = _grey(rng), int(rng.choice([-1, 1])), height * rng.uniform(0.5, 0.9)
    body, back = size * rng.uniform(0.5, 0.75), ground - size * 0.6
    dark = max(grey - 25, 0)
    for place in (-0.85, -0.6, 0.6, 0.85):
        draw.line([(x + place * body, back), (x + place * body, ground)], fill=dark, width=max(2, int(size * 0.09)))
    _ellipse(draw, (x, back), body, size * 0.2, grey)
    head, level = x + side * body * 1.1, back - size * rng.uniform(0.15, 0.45)
    draw.line([(x + side * body * 0.7, back), (head, level)], fill=grey, width=max(3, int(size * 0.18)))
    _ellipse(draw, (head, level), size * 0.17, size * 0.14, grey)
    _ellipse(draw, (head + side * size * 0.15, level + size * 0.05), size * 0.1, size * 0.07, dark)
    for ear in (-0.08, 0.08):
        base = head + ear * size
        foot = level - size * 0.08
        draw.polygon([(base - 4, foot), (base + 4, foot), (base, level - size * 0.27)], fill=dark)
    tail = x - side * body
    draw.line([(tail, back), (tail - side * size * 0.25, back - size * rng.uniform(-0.3, 0.3))], fill=grey, width=3)


def _vase(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw a bottle or vase: a body, a narrow neck, and sometimes a round stopper or flowers."""
    grey, half = _grey(rng), height * rng.uniform(0.14, 0.26)
    _ellipse(draw, (x, ground - height * 0.35), half, height * 0.35, grey)
    draw.rectangle([x - half * 0.3, ground - height * 0.85, x + half * 0.3, ground - height * 0.5], fill=grey)
    if chance(0.4, rng):
        _ellipse(draw, (x, ground - height * 0.9), half * 0.5, half * 0.5, _grey(rng))
        return
    for _ in range(int(rng.integers(0, 5))):
        dx, dy = rng.uniform(-0.3, 0.3) * height, rng.uniform(1.0, 1.4) * height
        draw.line([(x, ground - height * 0.8), (x + dx, ground - dy)], fill=60, width=1)
        _ellipse(draw, (x + dx, ground - dy), height * 0.08, height * 0.08, _grey(rng))


def _car(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    grey, long = _grey(rng), height * rng.uniform(0.6, 0.9)
    draw.rectangle([x - long, ground - height * 0.38, x + long, ground - height * 0.1], fill=grey)
    roof = ground - height * 0.66
    cabin = [(x - long * 0.6, ground - height * 0.38), (x - long * 0.35, roof), (x + long * 0.4, roof)]
    draw.polygon([*cabin, (x + long * 0.65, ground - height * 0.38)], fill=_grey(rng))
    for side in (-0.55, 0.55):
        _ellipse(draw, (x + side * long, ground - height * 0.1), height * 0.12, height * 0.12, 20)
        _ellipse(draw, (x + side * long, ground - height * 0.1), height * 0.05, height * 0.05, 150)


def _balloons(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw balls, signs or balloons: round things on strings or posts, some with dots on them."""
    for _ in range(int(rng.integers(1, 4))):
        dx, size, grey = rng.uniform(-0.4, 0.4) * height, height * rng.uniform(0.07, 0.16), _grey(rng)
        y = ground - height * rng.uniform(0.6, 1.0)
        draw.line([(x + dx * rng.uniform(0, 1), ground), (x + dx, y)], fill=_grey(rng), width=int(rng.integers(1, 5)))
        _ellipse(draw, (x + dx, y), size, size * rng.uniform(0.9, 1.25), grey)
        if chance(0.5, rng):
            dots = rng.uniform(-0.6, 0.6, (int(rng.integers(1, 5)), 2)) * size
            for spot_x, spot_y in dots:
                _ellipse(draw, (x + dx + spot_x, y + spot_y), size * 0.15, size * 0.15, _grey(rng))


def _coat(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw clothes on a hanger: a trunk and sleeves, nobody in them."""
    grey, top, half = _grey(rng), ground - height * rng.uniform(0.8, 1.0), height * rng.uniform(0.12, 0.2)
    bottom = top + height * rng.uniform(0.35, 0.6)
    draw.line([(x, top - height * 0.08), (x, top)], fill=_grey(rng), width=2)
    shoulder = top + half * 0.5
    outline = [(x, top), (x + half, shoulder), (x + half, bottom), (x - half, bottom), (x - half, shoulder)]
    draw.polygon(outline, fill=grey)
    for side in (-1, 1):
        sleeve = [(x + side * half, top + half * 0.6), (x + side * half * 1.2, bottom * 0.8 + top * 0.2)]
        draw.line(sleeve, fill=max(grey - 15, 0), width=max(3, int(height * 0.05)))
    draw.line([(x, top + 3), (x, bottom)], fill=max(grey - 40, 0), width=1)


def _window(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw a window, a door or a picture on the wall."""
    half, top, bottom = height * rng.uniform(0.15, 0.35), ground - height, ground - height * rng.choice([0.0, 0.4])
    box = [x - half, top, x + half, bottom]
    draw.rectangle(box, fill=_grey(rng), outline=_grey(rng), width=int(rng.integers(1, 5)))
    if chance(0.6, rng):
        grey = _grey(rng)
        draw.line([(x, top), (x, bottom)], fill=grey, width=2)
        draw.line([(x - half, (top + bottom) / 2), (x + half, (top + bottom) / 2)], fill=grey, width=2)
    else:
        _ellipse(draw, (x, (top + bottom) / 2), half * 0.6, half * rng.uniform(0.4, 0.8), _grey(rng))


def _boxes(draw: ImageDraw.ImageDraw, x: float, ground: float, height: float, rng: np.random.Generator) -> None:
    """Draw a stack of boxes or a column of round stones, wider below."""
    level, blocks, rounded = ground, int(rng.integers(2, 5)), chance(0.35, rng)
    for number in range(blocks):
        tall = height / blocks * rng.uniform(0.7, 1.0)
        half = tall * rng.uniform(0.5, 1.0) * (1.2 - 0.15 * number)
        middle = x + rng.normal(0, 0.05) * height
        box = [middle - half, level - tall, middle + half, level]
        if rounded:
            draw.ellipse(box, fill=_grey(rng))
        else:
            draw.rectangle(box, fill=_grey(rng), outline=_grey(rng))
        level -= tall


THINGS: tuple[Thing, ...] = (
    _table,
    _chair,
    _shelf,
    _floor_lamp,
    _tree,
    _animal,
    _vase,
    _car,
    _balloons,
    _coat,
    _window,
    _boxes,
)
