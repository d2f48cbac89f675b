"""Draw people into a grey picture: standing, walking, sitting or as a bust, clothed in many ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from chances import chance
from PIL import ImageDraw

Point = tuple[float, float]
AWAY = 2
"""The way someone faces who is seen from behind."""
OUTLINE = 6
"""Grey levels by which the shaded side of a limb is darker."""
LEAST_CONTRAST = 45
"""Grey levels by which skin and clothes differ from the picture's mean."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What one person looks like; greys are 0 (black) to 255 (white)."""

    skin: int
    hair: int
    shirt: int
    trousers: int
    shoes: int
    stripes: int | None
    hair_style: str
    dress: bool
    short_sleeves: bool
    facing: float
    """-1 looks left, 0 at the viewer, 1 right, AWAY (2) away from the viewer."""
    build: float
    """Width of the body, 1 is average."""


def random_looks(backdrop: float, rng: np.random.Generator) -> Looks:
    """Choose how a person looks whose clothes are to stand out from ``backdrop``, a grey."""
    return Looks(
        skin=_apart(backdrop, 60, 226, rng),
        hair=int(rng.integers(8, 200)),
        shirt=_apart(backdrop, 10, 246, rng),
        trousers=_apart(backdrop, 10, 226, rng),
        shoes=int(rng.integers(5, 200)),
        stripes=int(rng.integers(10, 246)) if chance(0.3, rng) else None,
        hair_style=str(rng.choice(["short", "long", "bald", "hat", "bun"], p=[0.4, 0.28, 0.08, 0.16, 0.08])),
        dress=chance(0.2, rng),
        short_sleeves=chance(0.35, rng),
        facing=float(rng.choice([-1, 0, 1, 2], p=[0.2, 0.5, 0.2, 0.1])),
        build=float(rng.uniform(0.82, 1.3)),
    )


def _apart(backdrop: float, low: int, high: int, rng: np.random.Generator) -> int:
    """Choose a grey from ``low`` up to ``high``, not itself included, that is not close to ``backdrop``."""
    greys = np.arange(low, high)
    return int(rng.choice(greys[np.abs(greys - backdrop) >= LEAST_CONTRAST]))


class Figure:
    """One person, drawn with lengths that are shares of the body's height."""

    def __init__(self, draw: ImageDraw.ImageDraw, looks: Looks, height: float, rng: np.random.Generator) -> None:
        """Draw with ``draw`` a person of ``height`` pixels."""
        self.draw = draw
        self.looks = looks
        self.unit = height
        self.rng = rng

    def paint(self, feet: Point, pose: str) -> None:
        """Draw the whole person with the ground between the feet at ``feet``; ``pose`` is stand, walk or sit."""
        lean = self.rng.normal(0, 0.015) * self.unit
        leg = 0.47 * self.unit if pose != "sit" else 0.26 * self.unit
        hips = (feet[0], feet[1] - leg)
        neck = (hips[0] + lean, hips[1] - 0.35 * self.unit)
        behind, before = self._arm_poses(pose)
        self._legs(hips, feet[1], pose)
        self._arm(neck, -1, *behind)
        self._torso(neck, hips)
        self._arm(neck, 1, *before)
        self._head(neck)

    def _legs(self, hips: Point, ground: float, pose: str) -> None:
        u, looks = self.unit, self.looks
        if looks.dress and pose != "sit":
            self._skirt(hips)
        spread = {"stand": self.rng.uniform(0.03, 0.09), "walk": self.rng.uniform(0.1, 0.22), "sit": 0.09}[pose] * u
        grey = looks.skin if looks.dress else looks.trousers
        for side in (-1, 1):
            top = (hips[0] + side * 0.05 * u * looks.build, hips[1])
            foot = (hips[0] + side * spread, ground - 0.02 * u)
            middle = ((top[0] + foot[0]) / 2 + self.rng.uniform(-0.01, 0.03) * u, (top[1] + foot[1]) / 2)
            if pose == "sit":
                middle = (foot[0] + side * 0.02 * u, top[1] + 0.02 * u)
            self._limb((top, middle, foot), (0.06 if looks.dress else 0.085) * u, grey - OUTLINE * side)
            toe = (foot[0] + (looks.facing if abs(looks.facing) == 1 else side) * 0.05 * u, ground - 0.01 * u)
            self._limb((foot, toe), 0.045 * u, looks.shoes)

    def _skirt(self, hips: Point) -> None:
        u = self.unit
        half, hem = 0.09 * u * self.looks.build, self.rng.uniform(0.13, 0.3) * u
        flare = half * self.rng.uniform(1.2, 1.9)
        corners = [
            (hips[0] - half, hips[1] - 0.05 * u),
            (hips[0] + half, hips[1] - 0.05 * u),
            (hips[0] + flare, hips[1] + hem),
            (hips[0] - flare, hips[1] + hem),
        ]
        self.draw.polygon(corners, fill=self.looks.shirt)

    def _torso(self, neck: Point, hips: Point) -> None:
        u, looks = self.unit, self.looks
        shoulder = (0.115 if abs(looks.facing) != 1 else 0.085) * u * looks.build
        waist = shoulder * self.rng.uniform(0.68, 0.95)
        outline = [
            (neck[0] - 0.03 * u, neck[1] - 0.015 * u),
            (neck[0] + 0.03 * u, neck[1] - 0.015 * u),
            (neck[0] + shoulder, neck[1] + 0.035 * u),
            (hips[0] + waist, hips[1] + 0.03 * u),
            (hips[0] - waist, hips[1] + 0.03 * u),
            (neck[0] - shoulder, neck[1] + 0.035 * u),
        ]
        self.draw.polygon(outline, fill=looks.shirt)
        if looks.stripes is not None:
            self._pattern(neck, hips, waist)

    def _pattern(self, neck: Point, hips: Point, waist: float) -> None:
        """Put stripes across the shirt, or an open jacket down its middle."""
        u, grey = self.unit, self.looks.stripes
        if chance(0.5, self.rng):
            self.draw.polygon(
                [(neck[0] - 0.03 * u, neck[1]), (neck[0] + 0.03 * u, neck[1]), (hips[0], hips[1])],
                fill=grey,
            )
            return
        for level in np.linspace(neck[1] + 0.07 * u, hips[1], int(self.rng.integers(2, 6))):
            self.draw.line(
                [(neck[0] - waist, level), (neck[0] + waist, level)], fill=grey, width=max(1, int(0.02 * u))
            )

    def _arm_poses(self, pose: str) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return (upper, lower) arm angles for both sides: 0 hangs down, pi/2 points outward, in radians."""
        style = self.rng.choice(["down", "swing", "raised", "hips", "folded"], p=[0.42, 0.2, 0.14, 0.12, 0.12])
        if pose == "walk":
            style = self.rng.choice(["down", "swing"])
        near, far = self.rng.normal(0, 0.12, 2)
        angles = {
            "down": ((0.15 + near, 0.08), (0.15 + far, 0.1)),
            "swing": ((0.5 + near, 0.7), (0.4 + far, 0.2)),
            "raised": ((2.2 + near, 2.7), (0.2, 0.1) if chance(0.5, self.rng) else (2.2 + far, 2.8)),
            "hips": ((0.8 + near, -0.8), (0.8 + far, -0.8)),
            "folded": ((0.25 + near, -1.7), (0.25 + far, -1.8)),
        }
        return angles[str(style)]

    def _arm(self, neck: Point, side: int, upper: float, lower: float) -> None:
        u, looks = self.unit, self.looks
        shoulder = (neck[0] + side * (0.1 if abs(looks.facing) != 1 else 0.05) * u * looks.build, neck[1] + 0.05 * u)
        elbow = (shoulder[0] + side * np.sin(upper) * 0.17 * u, shoulder[1] + np.cos(upper) * 0.17 * u)
        hand = (elbow[0] + side * np.sin(lower) * 0.16 * u, elbow[1] + np.cos(lower) * 0.16 * u)
        self._limb((shoulder, elbow), 0.06 * u, looks.shirt - 2 * OUTLINE)
        self._limb((elbow, hand), 0.048 * u, looks.skin if looks.short_sleeves else looks.shirt - 2 * OUTLINE)
        self._disc(hand, 0.03 * u, 0.03 * u, looks.skin)

    def _head(self, neck: Point) -> None:
        u, looks = self.unit, self.looks
        wide, tall = self.rng.uniform(0.05, 0.06) * u, self.rng.uniform(0.065, 0.076) * u
        centre = (neck[0] + self.rng.normal(0, 0.008) * u, neck[1] - 0.095 * u)
        if looks.hair_style == "long":
            self._disc((centre[0], centre[1] + 0.035 * u), wide * 1.35, tall * 1.4, looks.hair)
        self._limb((centre, neck), 0.055 * u, max(looks.skin - 18, 0))
        self._disc(centre, wide, tall, looks.skin)
        if looks.facing == AWAY:
            self._disc((centre[0], centre[1] - 0.008 * u), wide * 1.05, tall, looks.hair)
        else:
            self._face(centre, wide, tall)
            self._hair(centre, wide, tall)

    def _hair(self, centre: Point, wide: float, tall: float) -> None:
        looks = self.looks
        if looks.hair_style == "bald":
            return
        box = [centre[0] - wide * 1.08, centre[1] - tall * 1.12, centre[0] + wide * 1.08, centre[1] + tall * 0.75]
        start, end = (180, 360) if looks.facing == 0 else ((200, 420) if looks.facing < 0 else (120, 340))
        self.draw.chord(box, start, end, fill=looks.hair)
        if looks.hair_style == "bun":
            self._disc((centre[0], centre[1] - tall * 1.15), wide * 0.5, wide * 0.5, looks.hair)
        if looks.hair_style == "hat":
            brim = centre[1] - tall * 0.45
            crown = [centre[0] - wide, centre[1] - tall * 1.45, centre[0] + wide, brim]
            self.draw.rectangle(crown, fill=looks.shoes)
            reach = wide * self.rng.uniform(1.1, 1.8)
            self.draw.rectangle([centre[0] - reach, brim, centre[0] + reach, brim + tall * 0.12], fill=looks.shoes)

    def _face(self, centre: Point, wide: float, tall: float) -> None:
        dark, turn = max(self.looks.skin - int(self.rng.integers(40, 90)), 0), self.looks.facing * wide * 0.35
        for side in (-1, 1):
            eye = (centre[0] + turn + side * wide * 0.4, centre[1] - tall * 0.05)
            self._disc(eye, wide * 0.16, tall * 0.09, 235)
            self._disc(eye, wide * 0.1, tall * 0.09, 15)
            brow = eye[1] - tall * 0.2
            self._limb(((eye[0] - wide * 0.2, brow), (eye[0] + wide * 0.2, brow)), tall * 0.07, dark)
        nose = (centre[0] + turn * 1.3, centre[1] + tall * 0.25)
        self._limb(((nose[0], nose[1] - tall * 0.2), nose), wide * 0.14, max(self.looks.skin - 22, 0))
        mouth = (centre[0] + turn, centre[1] + tall * 0.55)
        self._disc(mouth, wide * 0.3, tall * self.rng.uniform(0.04, 0.11), dark)

    def _limb(self, points: tuple[Point, ...], width: float, grey: int) -> None:
        """Draw a thick line with round ends and joints."""
        self.draw.line(list(points), fill=grey, width=max(1, round(width)))
        for point in points:
            self._disc(point, width / 2, width / 2, grey)

    def _disc(self, centre: Point, wide: float, tall: float, grey: int) -> None:
        box = [centre[0] - wide, centre[1] - tall, centre[0] + wide, centre[1] + tall]
        self.draw.ellipse(box, fill=grey)
