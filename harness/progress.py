"""How a run goes: a bar on a terminal, plain lines in a pipe, always on standard error."""

from __future__ import annotations

import threading
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from harness.case import Case
from harness.report.formats import cell
from harness.types import Measurement, Status


class Progress:
    """Tells of a run's steps and measurements; ``total`` is how many measurements there will be.

    Boards that are measured at once tell of theirs each from its own thread.
    """

    def __init__(self, *, total: int, verbose: bool) -> None:
        self._console = Console(stderr=True)
        self._verbose = verbose
        self._lock = threading.Lock()
        self._bar: Bar | None = None
        if self._console.is_terminal:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            self._bar = Bar(*columns, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("starting", total=total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away."""
        with self._lock:
            if self._bar is not None:
                self._bar.stop()
                self._bar = None

    def say(self, text: str) -> None:
        """Tell of a step: on the bar, or as a line where there is none or steps were asked for."""
        with self._lock:
            if self._bar is not None:
                self._bar.update(self._task, description=text)
            if self._bar is None or self._verbose:
                self._line(text)

    def tell(self, text: str) -> None:
        """Tell of a result, as a line that stays."""
        with self._lock:
            self._line(text)

    def advance(self, count: int) -> None:
        """Note that measurements are done."""
        with self._lock:
            if self._bar is not None:
                self._bar.advance(self._task, count)

    def case_begins(self, case: Case) -> None:
        """Tell that a case begins."""
        self.say(str(case))

    def measured(self, measurement: Measurement) -> None:
        """Tell of a measurement."""
        self.advance(1)
        reason = f": {measurement.reason}" if measurement.status is not Status.OK else ""
        self._line(
            f"{measurement.model} · {measurement.implementation} · {measurement.board}: "
            f"{measurement.metric} {cell(measurement)}{reason}"
        )

    def _line(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
