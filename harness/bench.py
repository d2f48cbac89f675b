"""A case that is on a board, and what is done where the rig lets go: upload again, reach the firmware again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from harness.case import Built, Expected, Method
from harness.errors import CaseError, CrashedError, NoUploadToolError, PortGoneError, RigError, ToolFailedError
from harness.firmware import Firmware
from harness.patience import REAL, Timer
from harness.session import Session
from harness.sketch import digest_with_block
from harness.types import Json

_FIRST_RUN_S = 300.0
_UPLOADS = 3
_PAUSE_S = 2.0
_RETURNS = 2
"""How often the same measurement begins anew because the port went and came back."""

_T = TypeVar("_T")


@dataclass(kw_only=True)
class Retries:
    """What had to be done more than once."""

    uploads: int = 0
    reconnects: int = 0
    requests: int = 0

    def take(self, session: Session | None = None) -> dict[str, Json]:
        """Return the counts since the last call, with a session's, and begin anew."""
        if session is not None:
            self.note(session)
        counts: dict[str, Json] = {
            "uploads": self.uploads,
            "reconnects": self.reconnects,
            "requests": self.requests,
        }
        self.uploads = self.reconnects = self.requests = 0
        return counts

    def note(self, session: Session) -> None:
        """Take over the count of a session."""
        self.requests += session.repeats
        session.repeats = 0


def upload(once: Callable[[], None], retries: Retries, timer: Timer = REAL) -> None:
    """Upload, again after a pause where it fails, for bootloaders miss a moment; raises ``RigError`` in the end."""
    for left in reversed(range(_UPLOADS)):
        try:
            return once()
        except NoUploadToolError:
            raise
        except (RigError, ToolFailedError) as error:
            if not left:
                msg = (
                    f"{error.message} (tried {_UPLOADS} times). Look at cable and port, and start the board's "
                    "bootloader by hand: on most, press reset twice"
                )
                raise RigError(msg) from error
        retries.uploads += 1
        timer.sleep(_PAUSE_S)
    return None


def greet(session: Session) -> Firmware:
    """Return the firmware at the other end; the port is released where none answers."""
    try:
        return Firmware(session)
    except BaseException:
        session.close()
        raise


@dataclass(kw_only=True)
class RigBench:
    """A case that runs on a rig; see ``harness.case.Bench``."""

    built: Built
    expected: Expected
    firmware: Firmware
    runs: int
    starts: int
    reopen: Callable[[int], Session]
    """Uploads the program, with a block of so many bytes taken at its start, and opens the port."""
    identity: Mapping[str, str] = field(default_factory=dict)
    """What the firmware has to say of itself to be the one that was uploaded; its sketch is the one with no block."""
    retries: Retries = field(default_factory=Retries)
    method: Method = Method.ONE_FLASH
    say: Callable[[str], None] = lambda text: None
    block: int = 0
    """What the program on the board takes at its start."""
    cure: str = ""
    """What a person can do where the board hangs and ``reopen`` does not help."""

    def first_run_deadline(self) -> float:
        """Return the deadline of a run of which nothing is known yet, in seconds."""
        return _FIRST_RUN_S

    def recover(self, error: CaseError) -> None:
        """Bring the firmware back: after a crash it starts anew by itself, after a hang only an upload helps.

        Raises ``RigError`` where nothing does.
        """
        if isinstance(error, CrashedError):
            with contextlib.suppress(RigError, CrashedError):
                self.firmware.greet()
                return
        try:
            self._upload_again()
        except RigError as silent:
            msg = f"{error.message}; then {silent.message}{self.cure}"
            raise RigError(msg) from silent

    def take_at_start(self, size: int) -> None:
        """Upload a program that takes ``size`` bytes before the network starts; 0 is the case's own."""
        if size or self.block:
            self.block = size
            self._upload_again()
            self.require_identity()

    def require_identity(self) -> None:
        """Upload once more when another firmware answers; raises ``RigError`` when it still does."""
        if self._stranger() is None:
            return
        self._upload_again()
        stranger = self._stranger()
        if stranger is not None:
            raise RigError(stranger)

    def persist(self, measure: Callable[[], _T]) -> _T:
        """Measure, from the start again where the port goes away meanwhile and comes back.

        Raises ``RigError`` where it does not, and ``CrashedError`` where it goes each time: a chip with USB of its
        own takes its port along when it crashes.
        """
        for left in reversed(range(_RETURNS + 1)):
            try:
                return measure()
            except PortGoneError as gone:
                self._reach_again(gone)
                last = gone
            if left:
                continue
            msg = (
                f"{last.message}; it came back, and went again each of {_RETURNS + 1} times that this was measured: "
                "the board seems to crash there, or its cable is loose"
            )
            raise CrashedError(msg)
        raise AssertionError

    def _reach_again(self, gone: PortGoneError) -> None:
        self.retries.reconnects += 1
        try:
            self.firmware.greet()
        except RigError as error:
            msg = gone.message if error is gone else f"{gone.message}; then {error.message}"
            raise RigError(msg) from error
        self.require_identity()

    def _upload_again(self) -> None:
        self.retries.note(self.firmware.session)
        self.firmware.session.close()
        self.firmware = greet(self.reopen(self.block))

    def _stranger(self) -> str | None:
        """Say who answers in place of the firmware that was uploaded, or None where it is the right one."""
        facts = self.firmware.facts
        board = self.identity.get("board")
        if board is not None and facts.get("board") != board:
            return (
                f"another firmware answers: it was built for the board {facts.get('board')!r}, and this is to be "
                f"{board!r}. Another board is at this port, or the upload went elsewhere: name the right port with "
                "--port"
            )
        sketch = self.identity.get("sketch")
        sketch = sketch and digest_with_block(sketch, self.block)
        if sketch is not None and facts.get("sketch") != sketch:
            return (
                f"another firmware answers: its sketch is {facts.get('sketch')!r}, uploaded was {sketch!r}. The "
                "upload was reported as done, but an earlier sketch still runs: press the board's reset button, and "
                "see that the port is this board's"
            )
        return None
