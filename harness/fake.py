"""A board in memory that speaks the firmware's protocol: for tests, and for trying mcuprof's own parts without a rig.

It has a heap of a given size, a network that needs some of it, and faults that can be switched on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.protocol import crc16

_LINE_BYTES = 320

Network = Callable[[bytes], bytes]


@dataclass(kw_only=True)
class Faults:
    """What goes wrong. Counts are of requests carried out since the board was made, the first one being 1."""

    silent_after: int | None = None
    """From this request on nothing is answered."""
    hang_at: int | None = None
    """This request is begun and never finished."""
    crash_at: int | None = None
    """At this request the crash handler speaks and the board resets."""
    reset_at: int | None = None
    """At this request the board resets without a word."""
    cut_at: int | None = None
    """The answer to this request stops in the middle of its line, and so does everything after it."""
    noise: bytes = b""
    """Sent before the first answer."""
    damage: Callable[[bytes], bytes] = lambda line: line
    """What the wire makes of each line that the board sends."""


@dataclass(kw_only=True)
class FakeBoard:
    """A ``harness.session.Port`` with a board behind it."""

    network: Network = bytes
    """From the bytes of the input to those of the output, which has as many bytes."""
    tensor_bytes: int = 4
    heap: int = 10_000
    network_heap: int = 1_000
    """What the network takes of the heap when it starts, unless its arena was set; then the arena it needs."""
    header: int = 8
    """What each block costs beside its size."""
    instructions: int = 1234
    parts: tuple[int, ...] = ()
    """What the operators that the network marks take, in the unit of ``instructions``."""
    faults: Faults = field(default_factory=Faults)
    facts: Mapping[str, str] = field(default_factory=dict)
    """More of what it says of itself."""

    def __post_init__(self) -> None:
        self.requests: list[str] = []
        """Every request carried out, as text."""
        self._incoming = b""
        self._outgoing = self.faults.noise
        self._power_up()

    def _power_up(self) -> None:
        self._sequence = 0
        self._used = 0
        self._asked = False
        self._started = False
        self._arena: int | None = None
        self._input = bytearray(self.tensor_bytes)
        self._output = bytes(self.tensor_bytes)
        self._stash: bytes | None = None
        self._nonce = ""
        self._answer: str | None = None

    def read(self) -> bytes:
        """Return what the board has sent; waits a moment when that is nothing, as a port does."""
        data = self.take()
        if not data:
            time.sleep(0.001)
        return data

    def take(self) -> bytes:
        """Return what the board has sent."""
        data, self._outgoing = self._outgoing, b""
        return data

    def restart(self) -> None:
        """Start the firmware anew, as the reset button does."""
        self._incoming = self._outgoing = b""
        self._power_up()

    def write(self, data: bytes) -> None:
        """Take what the host sends."""
        self._incoming += data
        *lines, self._incoming = self._incoming.split(b"\n")
        for line in lines:
            self._take(line)

    def close(self) -> None:
        """Do nothing: there is no port to release."""

    def _send(self, nonce: str, text: str) -> None:
        if self.faults.silent_after is not None and len(self.requests) >= self.faults.silent_after:
            return
        self._sequence += 1
        body = f"@{self._sequence} {nonce} {text}".encode()
        line = body + b" *%04x\r\n" % crc16(body)
        if self.faults.cut_at is not None and len(self.requests) >= self.faults.cut_at:
            line = line[: len(line) // 2]
        self._outgoing += self.faults.damage(line)

    def _take(self, line: bytes) -> None:
        body, separator, crc = line.rpartition(b" *")
        if not separator or crc != b"%04x" % crc16(body) or not body.startswith(b"?"):
            self._send("-", "damaged")
            return
        nonce, _, request = body[1:].decode().partition(" ")
        if nonce == self._nonce:
            if self._answer is not None:
                self._send(nonce, self._answer)
            return
        self._nonce, self._answer = nonce, None
        self.requests.append(request)
        count = len(self.requests)
        if count == self.faults.crash_at:
            self._outgoing += b"\r\n!fault hard pc=0x00001234\r\n"
            self._power_up()
        elif count == self.faults.reset_at:
            self._power_up()
            self._send(nonce, "fail unknown request")
        elif count == self.faults.hang_at:
            self._send(nonce, "start")
            self.faults.silent_after = count
        else:
            self._carry_out(nonce, *request.split(" "))

    def _carry_out(self, nonce: str, verb: str, *words: str) -> None:
        handler = getattr(self, f"_on_{verb}", None)
        refusal = self._refusal(verb) if handler else "unknown request"
        self._asked = self._asked or verb != "hello"
        if verb in ("start", "run", "alloc", "heap") and not refusal:
            self._send(nonce, "start")
        done, text = handler(*words) if handler and not refusal else (False, refusal)
        self._answer = f"{'done' if done else 'fail'} {text}"
        self._send(nonce, self._answer)
        if verb == "reset":
            self._power_up()

    def _refusal(self, verb: str) -> str:
        if verb in ("start", "arena"):
            return "already started" if self._started else ""
        if verb in ("tensors", "size", "input", "stash", "run", "output"):
            return "" if self._started else "not started"
        return ""

    def _on_hello(self) -> tuple[bool, str]:
        facts = {"protocol": "1", "fresh": str(int(not self._asked)), "line": str(_LINE_BYTES), **self.facts}
        return True, " ".join(f"{key}={value}" for key, value in facts.items())

    def _on_tensors(self) -> tuple[bool, str]:
        return True, "inputs=1 outputs=1"

    def _on_size(self, _is_output: str, _index: str) -> tuple[bool, str]:
        return True, f"bytes={self.tensor_bytes}"

    def _on_heap(self, _most: str) -> tuple[bool, str]:
        return True, f"free={self.heap - self._used}"

    def _on_alloc(self, size: str) -> tuple[bool, str]:
        return True, f"held={int(self._malloc(int(size)))}"

    def _on_arena(self, size: str) -> tuple[bool, str]:
        if self._arena is not None or not self._malloc(int(size)):
            return False, "this arena cannot be had"
        self._arena = int(size)
        return True, ""

    def _on_start(self) -> tuple[bool, str]:
        enough = self._malloc(self.network_heap) if self._arena is None else self._arena >= self.network_heap
        if not enough:
            return False, "out of memory"
        self._started = True
        return True, f"instructions={self.instructions // 10}"

    def _on_input(self, _index: str, offset: str, data: str) -> tuple[bool, str]:
        piece = bytes.fromhex(data)
        self._input[int(offset) : int(offset) + len(piece)] = piece
        return True, ""

    def _on_stash(self) -> tuple[bool, str]:
        self._stash = bytes(self._input)
        return True, "held=1"

    def _on_run(self) -> tuple[bool, str]:
        self._output = self.network(self._stash or bytes(self._input))
        self._input = bytearray(self.tensor_bytes)  # as an arena would, it overwrites its input
        return True, f"instructions={self.instructions}"

    def _on_part(self, index: str) -> tuple[bool, str]:
        if int(index) >= len(self.parts):
            return False, "there is no such part"
        return True, f"count={len(self.parts)} instructions={self.parts[int(index)]}"

    def _on_output(self, _index: str, offset: str, count: str) -> tuple[bool, str]:
        piece = self._output[int(offset) : int(offset) + int(count)]
        return True, f"bytes={piece.hex()}"

    def _on_reset(self) -> tuple[bool, str]:
        return True, ""

    def _malloc(self, size: int) -> bool:
        taken = -(-(size + self.header) // 8) * 8
        if self._used + taken > self.heap:
            return False
        self._used += taken
        return True
