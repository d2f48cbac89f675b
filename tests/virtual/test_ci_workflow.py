"""The workflows of docs/examples, as far as they can be tried without GitHub: their steps on a scratch repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from harness import models

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
ELSEWHERE = ("Install compilers and emulators", "Install mcuprof", "Keep the cache small")
"""Steps that are for a fresh machine alone."""


def workflow(name):
    return yaml.safe_load((EXAMPLES / name).read_text())


def steps(name, job):
    return {step["name"]: step for step in workflow(name)["jobs"][job]["steps"] if "run" in step}


def shell(script, folder, environment):
    """Run a step as GitHub does where no shell is named."""
    words = ["bash", "-e", "-c", script]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


class Repository:
    """A repository with a target branch and pull requests, checked out as GitHub's checkout does."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commit({"README.md": "a project\n"})

    def git(self, *words):
        own = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *own, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, files):
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "a change")

    def merge_of(self, files):
        """Check out what GitHub tests of a pull request with one commit: its merge into the target branch."""
        self.git("checkout", "-q", "-b", "change")
        self.commit(files)
        self.git("checkout", "-q", "--detach", "main")
        self.git("merge", "-q", "--no-ff", "--no-edit", "change")


@pytest.fixture
def pull_request(tmp_path, environment):
    """Run the steps of the workflow on a pull request that changes some files."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "mcuprof").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness "$@"\n')
    (binaries / "mcuprof").chmod(0o755)

    def run(files, **variables):
        repository = Repository(tmp_path / "repository")
        repository.merge_of(files)
        temporary = tmp_path / "runner"
        temporary.mkdir()
        given = {name: text for name, text in workflow("mcuprof.yml")["env"].items() if "${{" not in text}
        found = environment | given | variables | {
            "PATH": f"{binaries}:{environment['PATH']}", "RUNNER_TEMP": str(temporary),
            "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
        }  # fmt: skip
        codes = {}
        for name, step in steps("mcuprof.yml", "compare").items():
            if name in ELSEWHERE:
                continue
            done = shell(step["run"], repository.folder, found)
            assert "Traceback" not in done.stderr, done.stderr
            codes[name] = done.returncode
            if done.returncode:
                break
        return codes, (temporary / "summary.md").read_text()

    return run


STEPS = ["Measure the target branch", "Measure what is checked out", "Compare"]


def test_a_harmless_pull_request_passes(pull_request):
    codes, summary = pull_request({"README.md": "a better text\n"})
    assert codes == dict.fromkeys(STEPS, 0)
    assert "### mcuprof: 5 no change" in summary
    assert "**The gate passes**" in summary


def test_a_pull_request_that_makes_it_worse_fails(pull_request):
    codes, summary = pull_request({"mcuprof.toml": 'optimization = "O3"\n'})
    assert codes == dict.fromkeys(STEPS, 0) | {"Compare": 4}
    assert "**The gate fails**" in summary
    assert re.search(r"\| digits \| tvm-aot \| nano33ble-sim \| flash, B \|.*\| \*\*regressed\*\* \|", summary)
    assert "flash\\>0: " in summary
    assert "made differently: optimization: the core's own → O3" in summary


def test_a_budget_that_is_exceeded_fails(pull_request):
    codes, summary = pull_request({"mcuprof.toml": '[[budget]]\nflash_max = "90KiB"\n'})
    assert codes == dict.fromkeys(STEPS, 0) | {"Compare": 4}
    assert "over budget: digits · tvm-aot · nano33ble-sim: flash of" in summary


def test_a_pull_request_that_brings_the_model_is_reported_alone(pull_request):
    model = models.bundled()["digits"].read_bytes()
    codes, summary = pull_request({"models/mine.tflite": model}, MODELS="models/mine.tflite")
    assert codes == dict.fromkeys(STEPS, 0)
    assert "| mine | tvm-aot |" in summary
    assert "gate" not in summary


def test_the_workflows_ask_for_little_and_take_actions_of_github_alone():
    for path in EXAMPLES.glob("*.yml"):
        content = workflow(path.name)
        assert content["permissions"] in ({}, {"contents": "read"})
        assert "pull_request_target" not in path.read_text()
        for job in content["jobs"].values():
            assert "timeout-minutes" in job
            for step in job["steps"]:
                assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/none@v0"))
                assert "${{" not in step.get("run", ""), "what is put into a script could be code"
    [first, second] = [workflow(name) for name in ("mcuprof.yml", "mcuprof-comment.yml")]
    assert second[True]["workflow_run"]["workflows"] == [first["name"]]  # YAML reads `on` as true
    assert not any("checkout" in step.get("uses", "") for step in second["jobs"]["comment"]["steps"])


GH = """#!/bin/sh
echo "$*" >>calls
case "$*" in
  *"/pulls "*) echo "$NUMBER" ;;
  *"--paginate"*) echo "$COMMENT" ;;
esac
"""


@pytest.fixture
def comment(tmp_path):
    """Run the step that comments with a stand-in for gh, and return what it was called with and the comment."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "gh").write_text(GH)
    (binaries / "gh").chmod(0o755)
    (tmp_path / "mcuprof").mkdir()

    def run(table, *, number="7", before=""):
        (tmp_path / "mcuprof" / "comparison.md").write_bytes(table)
        [step] = steps("mcuprof-comment.yml", "comment").values()
        environment = os.environ | {
            "PATH": f"{binaries}:{os.environ['PATH']}", "REPOSITORY": "o/r", "HEAD": "stranger:$(touch pwned)",
            "SHA": "0" * 40, "NUMBER": number, "COMMENT": before,
        }  # fmt: skip
        done = shell(step["run"], tmp_path, environment)
        assert done.returncode == 0, done.stderr
        assert not (tmp_path / "pwned").exists()
        path = tmp_path / "comment.md"
        return (tmp_path / "calls").read_text(), path.read_bytes() if path.exists() else None

    return run


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv")
def test_a_comment_is_posted_and_then_kept_up_to_date(comment):
    calls, text = comment(b"### mcuprof: $(touch pwned) `touch pwned` @everyone\n")
    assert text == "<!-- mcuprof -->\n### mcuprof: $(touch pwned) `touch pwned` @\u200beveryone\n".encode()
    assert "--method POST repos/o/r/issues/7/comments -F body=@comment.md" in calls
    calls, _ = comment(b"new\n", before="99")
    assert "--method PATCH repos/o/r/issues/comments/99 -F body=@comment.md" in calls


def test_a_pull_request_that_is_gone_gets_no_comment(comment):
    calls, text = comment(b"x", number="")
    assert text is None
    assert "POST" not in calls


def test_a_long_table_is_cut_to_what_a_comment_holds(comment):
    _, text = comment(b"x" + "µ".encode() * 100_000)
    assert len(text.decode()) < 65_536
