"""The working memory over the time of an inference, as SVG: a rectangle a block, steps across and addresses up. Pure.

As flame graphs, it can be read on a light page as well as on a dark one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from harness.layout import Block, peak
from harness.profile.flame import named_colour
from harness.profile.result import Profile

_WIDTH = 1200
_HEIGHT = 300
_LEFT = 90
_HEAD = 34
_FOOT = 30
_LETTER = 6.9
_ROW = 13


def svg(profiles: Sequence[Profile]) -> str:
    """Return the pictures of some profiles below each other; those whose plan is not known are left out."""
    shown = [profile for profile in profiles if profile.layout]
    each = _HEAD + _HEIGHT + _FOOT
    total = each * len(shown)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{total}" viewBox="0 0 {_WIDTH} {total}" '
        'font-family="sans-serif" font-size="11">'
    ]
    for place, profile in enumerate(shown):
        lines += _picture(profile, each * place)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _picture(profile: Profile, top: int) -> Iterator[str]:
    blocks = profile.layout
    size = max(block.offset + block.bytes for block in blocks)
    steps = max(block.last for block in blocks)
    column = (_WIDTH - _LEFT - 10) / (steps + 2)
    found = peak(blocks)
    held = f", of which tensors need at most {found.bytes:,} at once, at step {found.step}" if found else ""
    bottom = top + _HEAD + _HEIGHT
    title = escape(f"{profile}: {size:,} bytes{held}")
    yield f'<text x="10" y="{top + 16}" fill="#777" font-size="13">{title}</text>'
    for part in range(5):
        y = bottom - _HEIGHT * part / 4
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="#777" stroke-width="0.5"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" fill="#777" text-anchor="end">{size * part // 4:,} B</text>'
    for block in blocks:
        yield _rectangle(block, column, bottom, _HEIGHT / size)
    every = max(1, round(40 / column))
    for step in range(-1, steps + 1):
        if step % every == 0 or step in (-1, steps):
            words = {-1: "input", steps: "output"}.get(step, str(step))
            middle = _LEFT + column * (step + 1.5)
            yield f'<text x="{middle:.1f}" y="{bottom + 14}" fill="#777" text-anchor="middle">{words}</text>'


def _rectangle(block: Block, column: float, bottom: int, scale: float) -> str:
    left, width = _LEFT + column * (block.first + 1), column * (block.last - block.first + 1)
    height = block.bytes * scale
    top = bottom - block.offset * scale - height
    said = f"{block.name}\n{block.bytes:,} bytes at {block.offset:,}, steps {block.first} to {block.last}"
    room = int((width - 6) / _LETTER)
    text = ""
    if height >= _ROW and room > 2:  # noqa: PLR2004 (shorter says nothing)
        shown = block.name if len(block.name) <= room else f"{block.name[: room - 1]}…"
        text = f'<text x="{left + 3:.1f}" y="{top + 11:.1f}" fill="#111">{escape(shown)}</text>'
    return (
        f'<g><title>{escape(said)}</title><rect x="{left:.1f}" y="{top:.1f}" width="{max(width - 1, 1):.1f}" '
        f'height="{max(height - 0.5, 0.5):.1f}" fill="{named_colour(block.name)}" fill-opacity="0.85"/>{text}</g>'
    )
