"""A board with USB of its own, and a /dev of its own to attach it to: its port goes and comes back by another name.

Opened at 1,200 baud it goes away and comes back as its bootloader, another device on the bus; when that has been
written to, as the sketch. Pseudo-terminals have no USB ids, so these are in a file, for ``with_usb_ids.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import termios
import threading

from bad_tty import BadTty

_AWAY_S = 0.3
# Made of files that are there, for in a user's own namespace no device can be made.
_DEV = """
set -e
mkdir -p "$1/pts" "$1/shm" "$1/serial/by-id"
for name in null zero full random urandom tty ptmx; do : >"$1/$name"; mount --bind "/dev/$name" "$1/$name"; done
ln -s /proc/self/fd "$1/fd"
mount --rbind /dev/pts "$1/pts"
mount --rbind "$1" /dev
echo ready
while read -r verb name called device; do
  case $verb in
    plug) : >"/dev/$name"; mount --bind "$device" "/dev/$name"; ln -sfn "../../$name" "/dev/serial/by-id/$called" ;;
    unplug) umount -l "/dev/$name"; rm "/dev/$name" "/dev/serial/by-id/$called" ;;
  esac
  echo done
done
"""


class Bus:
    """A /dev in which boards can be plugged in and out, seen by commands that begin with ``enter``."""

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.ids = folder / "usb_ids.json"
        self.ids.write_text("{}")
        self._lock = threading.Lock()
        self._holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _DEV, "sh", str(folder)],
            cwd=folder.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.trouble = None if self._holder.stdout.readline() == "ready\n" else self._holder.communicate()[1].strip()
        self.enter = [
            "nsenter",
            f"--target={self._holder.pid}",
            "--user",
            "--mount",
            "--preserve-credentials",
            "--wd",
        ]

    def tell(self, *words, ids):
        """Plug in or out, and note the ids of what is there then."""
        with self._lock:
            new = self.ids.with_suffix(".new")
            new.write_text(json.dumps(ids))
            new.replace(self.ids)
            with contextlib.suppress(OSError, ValueError):
                print(*words, file=self._holder.stdin, flush=True)
                self._holder.stdout.readline()

    def close(self):
        self._holder.communicate(timeout=20)


class UsbBoard(BadTty):
    """A board at ``/dev/ttyACM0``, then 1, 2, …, linked to by ``/dev/serial/by-id/sketch`` or ``…/bootloader``.

    ``sketch`` and ``bootloader`` are its USB ids as either. When it is reset its port goes too.
    """

    def __init__(self, bus, inner, *, sketch, bootloader, **how):
        self._bus = bus
        self._ids = {"sketch": sketch, "bootloader": bootloader}
        self._in_bootloader = False
        self.touches = 0
        self.names = []
        super().__init__(bus.folder, inner, **how)

    def _show(self, device):
        self.names.append(f"ttyACM{len(self.names)}")
        self._called = "bootloader" if self._in_bootloader else "sketch"
        ids = {f"/dev/{self.names[-1]}": (*self._ids[self._called], f"T{os.getpid()}")}
        self._bus.tell("plug", self.names[-1], self._called, device, ids=ids)

    def _hide(self):
        self._bus.tell("unplug", self.names[-1], self._called, ids={})

    def _look(self):
        if self._master is None or self._in_bootloader or termios.tcgetattr(self._master)[4] != termios.B1200:
            return
        self.touches += 1
        self._in_bootloader = True
        self.vanish(_AWAY_S)

    def _from_board(self, data):
        if not self._in_bootloader:
            super()._from_board(data)

    def _from_host(self, data):
        if not self._in_bootloader:
            super()._from_host(data)
            if b" reset " in data:
                self.vanish(_AWAY_S)
        elif b"N#" in data:
            self.shout(b"\n\r")
        elif b"K#" in data:
            self._in_bootloader = False
            self.vanish(_AWAY_S)
