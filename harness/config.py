"""Settings from ``mcuprof.toml`` and the environment; a flag of the command line goes before both."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness import boards, gate, implementations, paths, toml_file
from harness import budget as budget_limits
from harness.boards import Board
from harness.budget import Budget
from harness.compiler.strategy import Weights
from harness.errors import UsageError

FILE = "mcuprof.toml"


class BoardSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``[board.NAME]`` says of a board on this machine."""

    port: str | None = None
    build_properties: dict[str, str] = {}
    """Handed to arduino-cli as they are, after those of the board's file."""


class CompareSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``[compare]`` says."""

    fail_on: str | None = None
    """Rules of the gate where none are given on the command line."""


class _Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of ``mcuprof.toml``."""

    board: str | dict[str, Any] | None = None
    default_board: str | None = None
    boards: str | None = None
    results: str | None = None
    sketchbook: str | None = None
    tflm_library: str | None = None
    optimization: str | None = None
    weights: Weights = Weights.INT8
    tuning: str | None = None
    cache_limit_mb: int = 4096
    compare: CompareSettings = CompareSettings()
    budget: Any = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of ``mcuprof.toml``. Paths are relative to the file."""

    root: Path
    """Folder of the file, whether or not it is there."""
    board: str | None = None
    """Board to use where none is named."""
    boards: str | None = None
    """Folder with board files of one's own."""
    results: str | None = None
    sketchbook: str | None = None
    tflm_library: str | None = None
    optimization: str | None = None
    weights: Weights = Weights.INT8
    tuning: str | None = None
    """What schedules of tuning are to have little of, or ``off``."""
    cache_limit_mb: int = 4096
    board_settings: Mapping[str, BoardSettings] = field(default_factory=dict)
    """What is particular to a board on this machine, by the board's name."""
    fail_on: str | None = None
    budgets: Sequence[Budget] = ()

    def path(self, key: str) -> Path | None:
        """Return a path that the file names, or None."""
        value: str | None = getattr(self, key)
        return self.root / paths.expand(value) if value else None

    def results_folder(self) -> Path:
        """Return where runs are kept: ``MCUPROF_RESULTS``, the file's, or ``results`` beside the work."""
        value = os.environ.get("MCUPROF_RESULTS")
        if value:
            return paths.expand(value)
        return self.path("results") or (paths.checkout() or Path.cwd()) / "results"

    def load_board(self, name: str) -> Board:
        """Return the board ``name`` with this machine's settings; raises ``UsageError`` where there is none."""
        return self._with_settings(boards.load(name, self.path("boards")))

    def load_boards(self) -> list[Board]:
        """Return every known board with this machine's settings."""
        return [self._with_settings(board) for board in boards.load_all(self.path("boards"))]

    def port_of(self, name: str) -> str | None:
        """Return the port that the file names for a board, or None."""
        settings = self.board_settings.get(name)
        return settings.port if settings else None

    def _with_settings(self, board: Board) -> Board:
        settings = self.board_settings.get(board.name)
        if settings is None or not settings.build_properties:
            return board
        properties = {**board.build_properties, **settings.build_properties}
        # A run that goes on must not mix programs that were built in two ways.
        whole = board.digest + json.dumps(settings.build_properties, sort_keys=True)
        digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
        return msgspec.structs.replace(board, build_properties=properties, digest=digest)


def load(folder: Path | None = None) -> Config:
    """Read the ``mcuprof.toml`` of ``folder``, or the working directory; all defaults where there is none."""
    path = (folder or Path.cwd()) / FILE
    if not path.is_file():
        return Config(root=path.parent)
    table, _ = toml_file.parse(path, str(path))
    keys = toml_file.convert(table, _Keys, str(path))
    if keys.optimization not in (None, "O2", "Os", "O3"):
        msg = f"{path}: the key 'optimization': it may be O2, Os or O3, not {keys.optimization!r}"
        raise UsageError(msg)
    if keys.tuning not in (None, "latency", "flash", "ram", "off"):
        msg = f"{path}: the key 'tuning': it may be latency, flash, ram or off, not {keys.tuning!r}"
        raise UsageError(msg)
    if keys.cache_limit_mb < 0:
        msg = f"{path}: the key 'cache_limit_mb': {keys.cache_limit_mb} is too small"
        raise UsageError(msg)
    if isinstance(keys.board, str) and keys.default_board is not None:
        msg = f"{path}: 'board' and 'default_board' both name the board to use where none is named: keep one"
        raise UsageError(msg)
    config = Config(
        root=path.parent,
        board=keys.board if isinstance(keys.board, str) else keys.default_board,
        boards=keys.boards,
        results=keys.results,
        sketchbook=keys.sketchbook,
        tflm_library=keys.tflm_library,
        optimization=keys.optimization,
        weights=keys.weights,
        tuning=keys.tuning,
        cache_limit_mb=keys.cache_limit_mb,
        board_settings=_board_settings(keys.board, path) if isinstance(keys.board, dict) else {},
        fail_on=keys.compare.fail_on,
        budgets=_budgets(keys.budget, path),
    )
    if config.fail_on is not None:
        gate.parse(config.fail_on, f"{path}: the key 'compare.fail_on'")  # known before there is anything to compare
    if config.board_settings or config.budgets:
        _require_known(config, path)
    return config


def _board_settings(tables: dict[str, Any], path: Path) -> dict[str, BoardSettings]:
    for name, table in tables.items():
        if not isinstance(table, dict):
            msg = (
                f"{path}: the key 'board.{name}': expected a table, [board.{name}]; "
                "the board to use where none is named is default_board = NAME"
            )
            raise UsageError(msg)
    return {
        name: toml_file.convert(
            toml_file.with_dotted_keys(table, "build_properties"), BoardSettings, str(path), within=f"board.{name}"
        )
        for name, table in tables.items()
    }


def _budgets(tables: Any, path: Path) -> list[Budget]:  # noqa: ANN401 (whatever TOML holds)
    if tables is None:
        return []
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        msg = f"{path}: the key 'budget': expected one or more tables, each headed [[budget]]"
        raise UsageError(msg)
    found = []
    for number, table in enumerate(tables, start=1):
        what = f"{path}: [[budget]] number {number}"
        budget = toml_file.convert(table, Budget, what)
        try:
            limits = budget.limits()
        except ValueError as error:
            msg = f"{what}: {error}"
            raise UsageError(msg) from error
        if not limits:
            msg = f"{what}: it limits nothing: give one or more of {', '.join(budget_limits.METRICS)}"
            raise UsageError(msg)
        found.append(budget)
    return found


def _require_known(config: Config, path: Path) -> None:
    """Raise ``UsageError`` for a table about a board or an implementation that there is not."""
    known = boards.files(config.path("boards"))
    for name in config.board_settings:
        if name not in known:
            msg = f"{path}: [board.{name}]: there is no board {name!r}. Known boards: {', '.join(sorted(known))}"
            raise UsageError(msg)
    for number, budget in enumerate(config.budgets, start=1):
        for key, pattern, names in (
            ("board", budget.board, sorted(known)),
            ("implementation", budget.implementation, implementations.names()),
        ):
            if not fnmatch.filter(names, pattern):
                what = f"{path}: [[budget]] number {number}: the key {key!r}"
                msg = f"{what}: no {key} is called {pattern!r}; there are {', '.join(names)}"
                raise UsageError(msg)
