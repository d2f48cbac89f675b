"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.case import Settings
    from harness.config import Config

DEFAULT_BOARD = "nano33ble-sim"

_Command = Callable[..., Any]
_Option = Callable[[_Command], _Command]

OBJECTIVES = ("latency", "flash", "ram")


def optimization(help_text: str = "Compiler optimization (default: the board core's own).") -> _Option:
    """Return ``--opt``."""
    return click.option("--opt", "optimization", type=click.Choice(["O2", "Os", "O3"]), help=help_text)


def weights(of: str = "TVM: weights") -> _Option:
    """Return ``--weights``; ``of`` begins its help."""
    rest = "in flash; int16 takes twice the flash for weights and fewer instructions (default: int8)."
    return click.option("--weights", type=click.Choice(["int8", "int16"]), help=f"{of} {rest}")


def tflm_library(purpose: str = "build with") -> _Option:
    """Return ``--tflm-library``."""
    return click.option(
        "--tflm-library",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help=f"TFLM to {purpose}: an Arduino library, or a folder with its sources.",
    )


def sketchbook(holds: str = "cores and libraries") -> _Option:
    """Return ``--sketchbook``; ``holds`` is what the command takes from there."""
    return click.option(
        "--sketchbook",
        type=click.Path(path_type=Path, file_okay=False),
        metavar="DIR",
        help=f"Arduino sketchbook whose {holds} may be used.",
    )


def results(help_text: str = "Folder for results.") -> _Option:
    """Return ``--results``."""
    return click.option("--results", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help=help_text)


CLOCK = click.option(
    "--clock",
    type=click.Choice(["cycle-model", "instruction-count"]),
    help="What times on a virtual board are (default: cycles where its file says how to count them).",
)

_SELECTION = (
    click.argument("models", nargs=-1, metavar="[MODEL]..."),
    click.option(
        "--board", "-b", "boards", multiple=True, metavar="NAME", help="Board; may be given more than once."
    ),
    click.option(
        "--impl",
        "-i",
        "implementations",
        multiple=True,
        metavar="NAME",
        help="Implementation; all where none is named.",
    ),
)
_TUNING = (
    click.option(
        "--tuning",
        type=click.Choice([*OBJECTIVES, "off"]),
        help="TVM: take what `mcuprof tune` has found to have the least of this (default: latency).",
    ),
    click.option("--no-tuning", is_flag=True, help="TVM: the same as --tuning off."),
)
_MEASURING = (
    optimization(),
    click.option(
        "--arena",
        type=click.IntRange(min=1),
        metavar="BYTES",
        help="TFLM's tensor arena (default: the smallest that works, searched for).",
    ),
    click.option(
        "--no-fuse",
        is_flag=True,
        help="TVM: make each operator a function of its own, and do nothing in place.",
    ),
    *_TUNING,
    weights(),
    tflm_library(),
    sketchbook(),
    CLOCK,
    click.option(
        "--port",
        metavar="PORT",
        help="Port of the one real board: a path, rfc2217://HOST:PORT, socket://HOST:PORT or labgrid:PLACE.",
    ),
    click.option(
        "--data",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Inputs: an .npz with x_data, a .csv, or a folder of images or .wav files by class (default: the .npz "
        "beside the model).",
    ),
    click.option(
        "--inputs",
        type=click.IntRange(min=1, max=10_000),
        default=4,
        show_default=True,
        metavar="N",
        help="How many inputs the output is checked on.",
    ),
)
RESULTS = results()
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
VERBOSE = click.option("--verbose", "-v", is_flag=True, help="Tell every step.")
_OWN_SKETCH = (
    click.option(
        "--sketch",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Measure this Arduino sketch in place of a network.",
    ),
    click.option(
        "--libraries",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="With --sketch: a folder of Arduino libraries, beside the sketchbook's.",
    ),
)
TIMEOUT = click.option(
    "--timeout",
    type=float,
    metavar="S",
    help="With --sketch: seconds to wait for what it prints (default: 10 for the 1, 60 for the next time).",
)


def selection(command: _Command) -> _Command:
    """Add the options that choose cases."""
    return _apply(_SELECTION, command)


def measuring(command: _Command) -> _Command:
    """Add the options of everything that builds, measures and keeps results, and let it work with the caches."""
    return _apply((*_SELECTION, *_MEASURING, RESULTS, JSON, VERBOSE), with_caches(command))


def with_caches(command: _Command) -> _Command:
    """Let nothing of the caches be dropped while the command is at work."""

    @functools.wraps(command)
    def at_work(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 (whatever the command takes and returns)
        from harness import cache

        with cache.in_use():
            return command(*arguments, **options)

    return at_work


def tuning(command: _Command) -> _Command:
    """Add the options that say whether what was found by tuning is used."""
    return _apply(_TUNING, command)


def own_sketch(command: _Command) -> _Command:
    """Add the options for a sketch of the user's own."""
    return _apply(_OWN_SKETCH, command)


def _apply(options: tuple[_Option, ...], command: _Command) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the shared options stand for, names still to be looked up."""

    models: tuple[str, ...]
    boards: tuple[str, ...]
    implementations: tuple[str, ...]
    optimization: str | None = None
    arena: int | None = None
    no_fuse: bool = False
    weights: str | None = None
    tuning: str | None = None
    no_tuning: bool = False
    tflm_library: Path | None = None
    sketchbook: Path | None = None
    clock: str | None = None
    port: str | None = None
    data: Path | None = None
    inputs: int = 4
    results: Path | None = None
    as_json: bool = False
    verbose: bool = False
    runs: int | None = None
    method: str | None = None
    sketch: Path | None = None
    libraries: tuple[Path, ...] = ()
    most: int | None = None
    timeout: float | None = None

    def require_no_sketch_options(self) -> None:
        """Raise ``UsageError`` where an option was given that means a sketch, and no sketch was."""
        given = {"--libraries": self.libraries, "--max": self.most, "--timeout": self.timeout}
        for option, value in given.items():
            if value not in (None, ()):
                msg = f"{option} goes with --sketch"
                raise UsageError(msg)

    def require_one_model_for_data(self) -> None:
        """Raise ``UsageError`` where one data set is to serve several models."""
        if self.data is not None and len(self.models) != 1:
            msg = "--data belongs to one model: name exactly one MODEL with it"
            raise UsageError(msg)


def with_tuning(
    settings: Settings, settings_file: Config, results: Path, *, tuning: str | None, no_tuning: bool
) -> Settings:
    """Return ``settings`` with the tuning to use, by the options and else by the settings file.

    Raises ``UsageError`` where two options say different things.
    """
    from harness.tuning.database import FOLDER
    from harness.tuning.record import Objective

    if no_tuning and tuning not in (None, "off"):
        msg = f"--no-tuning and --tuning {tuning} say two things: give one of them"
        raise UsageError(msg)
    wanted = "off" if no_tuning else tuning or settings_file.tuning or Objective.LATENCY.value
    if wanted == "off":
        return settings
    return replace(settings, tuning=results / FOLDER, objective=Objective(wanted))
