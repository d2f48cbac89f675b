"""What stands on the page: its sections, in words and figures, before they are HTML. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness import summaries
from harness.report import advice, grid, history, notes
from harness.report.exporters import Subject
from harness.report.figures import Figure, Palette, memory, over_runs, times, trades
from harness.report.formats import moment, printable, shown_text
from harness.report.grid import Row
from harness.report.page import profiles, provenance, study
from harness.report.profile import printable as printable_profiles
from harness.store import Run
from harness.types import Clock, Measurement, Status


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A figure at its place."""

    id: str
    figure: Figure
    model: str = ""
    board: str = ""


@dataclass(frozen=True, kw_only=True)
class BoardSection:
    """The figures of one board."""

    name: str
    about: str
    """What its times are, where it is virtual."""
    figures: tuple[Placed, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """All that stands on the page."""

    run_id: str
    title: str
    summary: str
    models: tuple[str, ...]
    boards: tuple[str, ...]
    choices: tuple[advice.Choice, ...]
    titles: tuple[str, ...]
    lines: tuple[study.Line, ...]
    notes: tuple[str, ...]
    to_fit: tuple[str, ...]
    """What would make fit what does not."""
    warnings: tuple[str, ...]
    sections: tuple[BoardSection, ...]
    together: tuple[Placed, ...]
    """Figures of several boards with the same clock."""
    profiles: tuple[profiles.Section, ...]
    history: tuple[Placed, ...]
    graphs: tuple[tuple[str, str], ...]
    """The networks: names, and pictures as SVG that is escaped already."""
    provenance: provenance.Provenance

    @property
    def figures(self) -> Iterator[Placed]:
        """All figures."""
        for section in self.sections:
            yield from section.figures
        yield from self.together
        yield from self.history


def of(subject: Subject) -> Page:
    """Return the page of a run."""
    found = subject.shown()
    content = grid.study(found)
    palette = Palette(implementations=tuple(dict.fromkeys(m.implementation for m in found)))
    others = subject.history()
    past = history.of(_printable(subject.run), [_printable(run) for run in others])
    profiled = profiles.of(subject.run, others)
    return Page(
        run_id=shown_text(subject.run.id),
        title=f"Run {shown_text(subject.run.id)}",
        summary=_summary(subject.run, content.rows),
        models=tuple(dict.fromkeys([*(row.model for row in content.rows), *(made.model for made in profiled)])),
        boards=tuple(dict.fromkeys([*(m.board for m in found), *(made.board for made in profiled)])),
        choices=tuple(advice.choices(found)),
        titles=content.titles_with_unit,
        lines=tuple(study.line(row, content.titles_with_unit) for row in content.rows),
        notes=tuple(_notes(found)),
        to_fit=tuple(notes.to_fit(found)),
        warnings=tuple(_warnings(subject.run, found)),
        sections=tuple(
            _board(number, board, of_board, palette)
            for number, (board, of_board) in enumerate(grid.by_board(found).items(), start=1)
        ),
        together=tuple(_together(found, palette)),
        profiles=profiled,
        history=tuple(
            Placed(id=f"history-{i}", figure=over_runs.history(case, palette), model=case.model, board=case.board)
            for i, case in enumerate(past, start=1)
        ),
        graphs=tuple((shown_text(name), picture) for name, picture in subject.graphs().items()),
        provenance=provenance.of(subject.run, [*found, *printable_profiles(subject.run.profiles)]),
    )


def _printable(run: Run) -> Run:
    return Run(
        id=shown_text(run.id),
        started=shown_text(run.started),
        plan=run.plan,
        host=run.host,
        finished=run.finished,
        measurements=[printable(m) for m in run.measurements],
    )


def _summary(run: Run, rows: Sequence[Row]) -> str:
    end = "" if run.finished else " The run was cut off before its end."
    if not rows:
        profiled = "1 profile" if len(run.profiles) == 1 else f"{len(run.profiles)} profiles"
        return f"{profiled}, started {moment(run.started)}.{end}"
    answered = sum(all(cell is None or cell.status.is_answer for cell in row.cells) for row in rows)
    right = sum(advice.why_not(row) is None for row in rows)
    cases = "1 case" if len(rows) == 1 else f"{len(rows)} cases"
    failed = len(rows) - answered
    return f"{cases}: {right} right and small enough, {failed} failed, started {moment(run.started)}.{end}"


def _notes(found: Sequence[Measurement]) -> Iterator[str]:
    if any(m.clock is Clock.HARDWARE for m in found):
        yield "below a measured time stands where its median lies, with a confidence of 95 per cent"
    yield from notes.beside_reasons(found)


def _warnings(run: Run, found: Sequence[Measurement]) -> Iterator[str]:
    yield from notes.of_run(run)
    said: dict[str, list[str]] = {}
    for m in found:
        case = f"{m.model} · {m.implementation} · {m.board}"
        if not m.status.is_answer:
            said.setdefault(f"{m.status.value}: {m.reason}", []).append(case)
        summary = summaries.of(m)
        for warning in summary.warnings if summary is not None else ():
            said.setdefault(warning.text, []).append(f"{case} · {grid.TITLES.get(m.metric, m.metric)}")
    for text, cases in said.items():
        yield f"{'; '.join(dict.fromkeys(cases))}: {text}"


def _board(number: int, board: str, found: Sequence[Measurement], palette: Palette) -> BoardSection:
    rows = grid.study(found).rows
    about = grid.about_board(found)
    counted = [row for row in rows if advice.why_not(row) is None]
    inference, start = (_timed(found, name) for name in ("inference", "init"))

    def named(measurement: Measurement) -> str:
        return measurement.implementation

    drawn = [
        times.latency("Inference", inference, palette, named) if inference else None,
        times.spread("Spread of inference", inference, palette, named) if inference else None,
        times.latency("Start-up", start, palette, named) if start else None,
        memory.flash(rows),
        memory.ram(rows),
        trades.start_against_inference(rows, palette),
        trades.pareto(counted, palette, "flash"),
        trades.pareto(counted, palette, "ram"),
    ]
    placed = (
        Placed(id=f"board-{number}-{index}", figure=one, board=board)
        for index, one in enumerate(drawn, start=1)
        if one is not None
    )
    return BoardSection(name=board, about=about[:1].upper() + about[1:], figures=tuple(placed))


def _timed(found: Sequence[Measurement], metric: str) -> list[Measurement]:
    return [m for m in found if m.metric == metric and m.status is Status.OK and m.clock is not None]


def _together(found: Sequence[Measurement], palette: Palette) -> Iterator[Placed]:
    """Yield the times of all real boards: seconds can be compared, counts of unlike processors cannot."""
    for index, (metric, title) in enumerate((("inference", "Inference"), ("init", "Start-up")), start=1):
        timed = [m for m in _timed(found, metric) if m.clock is Clock.HARDWARE]
        if len({m.board for m in timed}) > 1:
            drawn = times.latency(
                f"{title} on all real boards", timed, palette, lambda m: f"{m.implementation} · {m.board}"
            )
            yield Placed(id=f"together-{index}", figure=drawn)
