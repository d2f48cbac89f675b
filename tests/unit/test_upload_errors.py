"""What is said of an upload that failed, by what arduino-cli printed."""

import json

import pytest

from harness import arduino_answers, boards
from harness.cmd import Completed
from harness.errors import NoUploadToolError, RigError


def error(said):
    done = Completed(argv=(), returncode=1, stdout=json.dumps({"error": said}), stderr="", seconds=0)
    return arduino_answers.upload_error(done, boards.load("uno"), "/dev/ttyACM0")


@pytest.mark.parametrize(
    "said",
    [
        "Failed uploading: cannot execute upload tool: fork/exec /opt/bossac: no such file or directory",
        'Failed uploading: cannot execute upload tool: exec: "/opt/bossac": executable file not found in $PATH',
        "/opt/bossac cannot be run: No such file or directory",
    ],
)
def test_a_program_that_is_not_there_is_named(said):
    found = error(said)
    assert isinstance(found, NoUploadToolError)
    assert found.message == (
        f"the upload to /dev/ttyACM0 failed: {said}. The program /opt/bossac is not there: "
        "`mcuprof doctor --board uno` says what to do"
    )


@pytest.mark.parametrize("said", ["No device found on /dev/ttyACM0", "avrdude: stk500_recv(): not in sync"])
def test_any_other_failure_may_pass(said):
    found = error(said)
    assert type(found) is RigError
    assert found.message == f"the upload to /dev/ttyACM0 failed: {said}"
