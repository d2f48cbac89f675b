"""A board in memory that speaks MLPerf Tiny's protocol, with faults that can be switched on: for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.mlperf_tiny.wire import READY

Network = Callable[[bytes], Sequence[float]]


@dataclass(kw_only=True)
class FakeMlperf:
    """A ``harness.session.Port`` with a board behind it."""

    network: Network
    """From the bytes that were loaded to the results."""
    input_bytes: int
    name: str = "fake"
    model: str = "kws01"
    microseconds: int = 1500
    """Of an inference."""
    deaf_to: int = 0
    """So many commands are lost at first, as while a board boots."""
    mute_at: tuple[int, ...] = ()
    """The answers to these commands are lost; the first command is 1."""
    start_us: int = 0xFFFF_FF00
    """Of its clock, which wraps at 32 bits."""
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._incoming = b""
        self._outgoing = b"m-timestamp-mode-performance\r\nm-init-done\r\nm-ready\r\n"
        self._loaded = b""
        self._expected = 0
        self._now = self.start_us

    def read(self) -> bytes:
        """Return what the board has sent; waits a moment when that is nothing, as a port does."""
        data, self._outgoing = self._outgoing, b""
        if not data:
            time.sleep(0.001)
        return data

    def write(self, data: bytes) -> None:
        """Take what the host sends."""
        *commands, self._incoming = (self._incoming + data).split(b"%")
        for command in commands:
            self.commands.append(command.decode())
            if len(self.commands) <= self.deaf_to:
                continue
            lines = [*self._carry_out(*command.decode().split()), READY]
            if len(self.commands) not in self.mute_at:
                self._outgoing += "".join(f"{line}\r\n" for line in lines).encode()

    def close(self) -> None:
        """Do nothing: there is no port to release."""

    def _carry_out(self, verb: str, *words: str) -> list[str]:
        match verb:
            case "name":
                return [f"m-name-dut-[{self.name}]"]
            case "profile" if self.model:
                return ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", f"m-model-[{self.model}]"]
            case "db":
                return self._take(*words)
            case "infer":
                return self._infer(int(words[0]))
        return [f"e-[Unknown command: {verb}]"]

    def _take(self, word: str, count: str = "") -> list[str]:
        if word == "load":
            self._loaded, self._expected = b"", int(count)
            wrong = self._expected != self.input_bytes
            return ["e-[another size]"] if wrong else [f"m-[Expecting {count} bytes]"]
        self._loaded += bytes.fromhex(word)
        return ["m-load-done"] if len(self._loaded) == self._expected else []

    def _infer(self, count: int) -> list[str]:
        first = self._now
        self._now = (self._now + count * self.microseconds) % (1 << 32)
        results = ",".join(f"{value:.3f}" for value in self.network(self._loaded))
        return [
            "m-warmup-done",
            f"m-lap-us-{first}",
            f"m-lap-us-{self._now}",
            "m-infer-done",
            f"m-results-[{results}]",
        ]
