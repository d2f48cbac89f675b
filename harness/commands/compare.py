"""``compare``: what has changed from one run to another, and whether that passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import JSON, RESULTS
from harness.errors import REGRESSION, UsageError

if TYPE_CHECKING:
    from harness.gate import Gate
    from harness.report.comparison import Findings
    from harness.store import Run, Store

_RUN = click.Path(path_type=Path)


@click.command(
    "compare", epilog="Example:  mcuprof compare --baseline main --fail-on 'inference>5%,flash>0,ram>0' --markdown"
)
@click.argument("runs", nargs=-1, type=_RUN, metavar="[BASE] [NEW]")
@click.option("--baseline", metavar="NAME", help="Compare with this baseline: `mcuprof baseline list`.")
@click.option(
    "--fail-on",
    metavar="RULES",
    help="Exit code 4 where a rule is broken: METRIC>LIMIT, with commas (default: fail_on of mcuprof.toml).",
)
@click.option("--strict", is_flag=True, help="With rules: fail too where it cannot be told or compared.")
@click.option("--allow-missing", is_flag=True, help="With rules: pass where the new run lacks what the base has.")
@click.option(
    "--allow-changed-model", is_flag=True, help="Compare models of one name though their files differ, too."
)
@click.option("--markdown", is_flag=True, help="Markdown, for a pull request.")
@JSON
@RESULTS
def compare(
    *,
    runs: tuple[Path, ...],
    baseline: str | None,
    fail_on: str | None,
    strict: bool,
    allow_missing: bool,
    allow_changed_model: bool,
    markdown: bool,
    as_json: bool,
    results: Path | None,
) -> int:
    """Compare run NEW with run BASE, or with a baseline; each is a results file or an id.

    NEW is the latest run where it is not named. Without rules this informs and does not fail, unless
    something is over a budget of mcuprof.toml.
    """
    from harness import budget, config
    from harness import compare as comparing
    from harness import gate as gates
    from harness.compare import Models
    from harness.report.comparison import Findings
    from harness.store import Store

    if markdown and as_json:
        msg = "--markdown and --json are two forms: choose one"
        raise UsageError(msg)
    settings_file = config.load()
    gate = _gate(fail_on, settings_file.fail_on, strict=strict, allow_missing=allow_missing)
    store = Store(results or settings_file.results_folder())
    base, new = _two_runs(store, runs, baseline)
    if not base.measurements:
        return _compare_profiles(base, new, gated=fail_on is not None, markdown=markdown, as_json=as_json)
    found = comparing.compare(base, new, models=Models.SAME_NAME if allow_changed_model else Models.SAME_FILE)
    findings = Findings(
        comparison=found,
        gate=gate,
        judgement=gates.judge(found, gate) if gate else gates.Judgement(),
        balance=budget.balance(settings_file.budgets, new.measurements),
    )
    _print(findings, markdown=markdown, as_json=as_json)
    if not found.anything:
        reasons = dict.fromkeys(f"{row.key.case}: {row.outcome.value}: {row.reason}" for row in found.rows)
        msg = f"nothing of the runs {base.id} and {new.id} could be compared: {'; '.join(reasons)}"
        raise UsageError(msg)
    return REGRESSION if findings.fails else 0


def _compare_profiles(base: Run, new: Run, *, gated: bool, markdown: bool, as_json: bool) -> int:
    """Tell what is different between profiles; that informs, and no rule is about it."""
    from harness.profile.changes import pairs

    if gated or markdown:
        msg = f"run {base.id} holds profiles alone: rules and Markdown are for runs of `mcuprof run`"
        raise UsageError(msg)
    found = pairs(base.profiles, new.profiles)
    if not found:
        msg = f"the runs {base.id} and {new.id} have no profile of the same model, implementation and board"
        raise UsageError(msg)
    if as_json:
        document = {"schema": 1, "base": base.id, "new": new.id, "profiles": [pair.to_json() for pair in found]}
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return 0
    from harness.report import profile_changes, terminal

    profile_changes.show(found, terminal.console())
    return 0


def _gate(given: str | None, of_the_file: str | None, *, strict: bool, allow_missing: bool) -> Gate | None:
    from harness import config
    from harness.gate import Gate, parse

    what = "--fail-on" if given is not None else f"{config.FILE}: the key 'compare.fail_on'"
    rules = given if given is not None else of_the_file
    if rules is None:
        if strict or allow_missing:
            msg = f"--{'strict' if strict else 'allow-missing'} belongs to a gate: give --fail-on RULES with it"
            raise UsageError(msg)
        return None
    return Gate(rules=parse(rules, what), strict=strict, allow_missing=allow_missing)


def _two_runs(store: Store, names: tuple[Path, ...], baseline: str | None) -> tuple[Run, Run]:
    """Return the base and the new run; raises ``UsageError`` where they are not there or hold nothing."""
    from harness.baseline import Baselines

    most = 1 if baseline is not None else 2
    if len(names) > most or (baseline is None and not names):
        msg = "name two runs, BASE and NEW, or --baseline NAME and at most one"
        raise UsageError(msg)
    base = Baselines(store.folder).load(baseline) if baseline is not None else store.find(names[0])
    given = names[most - 1 : most]
    only_profiles = not base.measurements and bool(base.profiles)
    new = store.find(given[0] if given else None, profiled=only_profiles)
    if not given and new.id == base.id:
        msg = f"the latest run is {base.id}, the base itself: measure again, or name the run to compare with it"
        raise UsageError(msg)
    for run in (base, new):
        if only_profiles and not run.profiles:
            msg = f"run {base.id} holds profiles alone, and run {run.id} holds none: the two have nothing in common"
            raise UsageError(msg)
        if not only_profiles and not run.measurements:
            msg = f"run {run.id} holds no measurement: it was cut off before the first one, or has just begun"
            raise UsageError(msg)
        if run.finished is None:
            click.echo(f"mcuprof: run {run.id} is not finished: it was cut off, or is at work", err=True)
    return base, new


def _print(findings: Findings, *, markdown: bool, as_json: bool) -> None:
    if as_json:
        from harness.report import comparison_json

        click.echo(json.dumps(comparison_json.document(findings), indent=1, allow_nan=False))
    elif markdown:
        from harness.report import comparison_markdown

        click.echo(comparison_markdown.document(findings), nl=False)
    else:
        from harness.report import comparison_terminal, terminal

        comparison_terminal.show(findings, terminal.console())
