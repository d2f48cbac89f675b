"""The report as one HTML file without a need of the network: tables made here, plots drawn by plotly.js in it."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.report.formats import cell

if TYPE_CHECKING:
    import jinja2

    from harness.report.advice import Choice
    from harness.report.exporters import Subject
    from harness.report.page.sections import Placed

_HERE = Path(__file__).parent
_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""Characters that could end a script element, as JSON writes them without being them."""


def render(subject: Subject, plotly: str | None = None) -> str:
    """Return the page; ``plotly`` is the script to embed in place of plotly.js.

    Scripts that are not the two of this file are refused by the page's own policy, should a name ever get past the
    escaping.
    """
    from harness.report.page import sections

    if plotly is None:
        from plotly.offline import get_plotlyjs

        plotly = get_plotlyjs()
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    page = sections.of(subject)
    text: str = _template().render(
        page=page,
        version=__version__,
        style=(_HERE / "report.css").read_text(encoding="utf-8"),
        scripts=[plotly, script],
        hashes=[_hash(plotly), _hash(script)],
        figures=in_script({placed.id: _figure(placed) for placed in page.figures}),
    )
    return text


def in_script(value: object) -> str:
    """Return a value as JSON that can stand in a script element whatever its strings hold."""
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return "".join(_IN_SCRIPT.get(character, character) for character in written)


def _figure(placed: Placed) -> dict[str, Any]:
    return {"data": list(placed.figure.traces), "layout": placed.figure.layout}


def _stretches(choice: Choice) -> str:
    """Return where each implementation stops being the best by weight, for the page's slider."""
    return json.dumps([[stretch.high, stretch.implementation] for stretch in choice.stretches])


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["parts"] = lambda measurement: cell(measurement).replace(" (", "\n(").split("\n")
    environment.filters["percent"] = lambda share: f"{min(100 * share, 99.9):.3g}"
    environment.filters["stretches"] = _stretches
    return environment.get_template("report.html.j2")
