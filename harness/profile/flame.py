"""Flame graphs as SVG: a rectangle a frame, as wide as what it took, on the frame that called it. Pure.

Nothing in it but rectangles with titles and text, so that any viewer shows it; it has no background of its own and
can be read on a light page as well as on a dark one.
"""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from harness.profile.functions import Kind, Stack, kind_of
from harness.profile.result import Profile

_WIDTH = 1200
_MARGIN = 10
_ROW = 18
_HEAD = 44
_GAP = 24
_LETTER = 6.9
"""Width of a character at the size of the text, in pixels."""
_LEAST = 0.25
"""Frames that are narrower are left out, in pixels."""
_DEEPEST = 100
"""Frames on one another; what is called from the last of them is part of it."""
_HUES = {Kind.OPERATOR: 32, Kind.MEMORY: 150, Kind.REQUANTIZATION: 280, Kind.RUNTIME: 210}
_WORDS = {
    Kind.OPERATOR: "operators",
    Kind.MEMORY: "copying memory",
    Kind.REQUANTIZATION: "requantization",
    Kind.RUNTIME: "outside of operators",
}


@dataclass(kw_only=True)
class _Frame:
    name: str
    kind: Kind
    ticks: int = 0
    above: dict[str, _Frame] = field(default_factory=dict)

    def depth(self) -> int:
        """Return how many frames lie on one another."""
        return 1 + max((frame.depth() for frame in self.above.values()), default=0)


def svg(profiles: Sequence[Profile]) -> str:
    """Return the flame graphs of some profiles below each other; those without a value are left out."""
    graphs = [(profile, _tree(profile.stacks)) for profile in profiles if profile.stacks]
    heights = [_HEAD + _ROW * tree.depth() for _, tree in graphs]
    total = sum(heights) + _GAP * max(0, len(graphs) - 1) + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{total}" viewBox="0 0 {_WIDTH} {total}" '
        'font-family="sans-serif" font-size="11">',
    ]
    top = _MARGIN
    for (profile, tree), height in zip(graphs, heights, strict=True):
        lines += _graph(profile, tree, top, top + height)
        top += height + _GAP
    return "\n".join([*lines, "</svg>"]) + "\n"


def _tree(stacks: Sequence[Stack]) -> _Frame:
    root = _Frame(name=stacks[0].frames[0], kind=Kind.RUNTIME)
    for stack in stacks:
        frame, within = root, False
        frame.ticks += stack.ticks
        for name in stack.frames[1:_DEEPEST]:
            within = within or name.startswith("#")
            kind = kind_of(name) if within else Kind.RUNTIME
            frame = frame.above.setdefault(name, _Frame(name=name, kind=kind))
            frame.ticks += stack.ticks
    return root


def _graph(profile: Profile, tree: _Frame, top: int, bottom: int) -> Iterator[str]:
    whole = f"{tree.ticks:,} {profile.unit}"
    yield f'<text x="{_MARGIN}" y="{top + 12}" fill="#777" font-size="13">{escape(f"{profile}: {whole}")}</text>'
    left = float(_MARGIN)
    for kind, words in _WORDS.items():
        yield f'<rect x="{left:.1f}" y="{top + 21}" width="10" height="10" fill="{_colour(kind, words)}"/>'
        yield f'<text x="{left + 14:.1f}" y="{top + 30}" fill="#777">{words}</text>'
        left += 30 + _LETTER * len(words)
    yield from _frames(tree, profile, tree.ticks, float(_MARGIN), bottom - _ROW)


def _frames(frame: _Frame, profile: Profile, whole: int, left: float, top: int) -> Iterator[str]:
    width = (_WIDTH - 2 * _MARGIN) * frame.ticks / whole if whole else 0.0
    if width < _LEAST:
        return
    said = f"{frame.name}\n{frame.ticks:,} {profile.unit}, {100 * frame.ticks / whole:.1f} %"
    yield (
        f'<g><title>{escape(said)}</title><rect x="{left:.2f}" y="{top}" width="{width:.2f}" height="{_ROW - 1}" '
        f'rx="1" fill="{_colour(frame.kind, frame.name)}"/>'
        f"{_text(frame.name, left, top, width)}</g>"
    )
    for above in frame.above.values():
        yield from _frames(above, profile, whole, left, top - _ROW)
        left += (_WIDTH - 2 * _MARGIN) * above.ticks / whole


def _text(name: str, left: float, top: int, width: float) -> str:
    """Return the name as far as there is room; of a function its end, for that tells C++ names apart."""
    room = int((width - 6) / _LETTER)
    if room < 3:  # noqa: PLR2004 (shorter says nothing)
        return ""
    cut = f"{name[: room - 1]}…" if name.startswith("#") else f"…{name[len(name) - room + 1 :]}"
    shown = name if len(name) <= room else cut
    return f'<text x="{left + 3:.2f}" y="{top + 13}" fill="#111">{escape(shown)}</text>'


def _colour(kind: Kind, name: str) -> str:
    """Return a colour of medium lightness: the hue tells the kind, a shade of it the name."""
    return _hex(_HUES[kind], 0.60 + 0.005 * (_number(name) % 16), 0.18 if kind is Kind.RUNTIME else 0.55)


def named_colour(name: str) -> str:
    """Return a colour of medium lightness that is always the same for a name."""
    return _hex(_number(name) % 360, 0.66, 0.45)


def _number(name: str) -> int:
    return zlib.crc32(name.encode())


def _hex(hue: int, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue / 360, lightness, saturation))
