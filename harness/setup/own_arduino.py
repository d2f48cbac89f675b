"""arduino-cli as set-up calls it: with a configuration for the one call, never the user's."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import cmd
from harness.setup import tools
from harness.setup.arduino_cli import find_arduino_cli

_NETWORK = re.compile(
    r"download failed|no such host|dial tcp|proxyconnect|connection refused|timed? ?out|network is", re.IGNORECASE
)


def write_config(work: Path, *, data: Path, sketchbook: Path, **more: Mapping[str, Any]) -> Path:
    """Write a configuration into the folder ``work`` that keeps arduino-cli away from the user's folders."""
    config: dict[str, Any] = {
        "directories": {"data": str(data), "downloads": str(work / "downloads"), "user": str(sketchbook)},
        "updater": {"enable_notification": False},
        "metrics": {"enabled": False},
        **more,
    }
    # arduino-cli heeds none of the variables by which other programs are told of a proxy.
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        config["network"] = {"proxy": proxy}
    path = work / "arduino-cli.yaml"
    path.write_text(json.dumps(config) + "\n", encoding="utf-8")  # JSON is YAML
    return path


def call(config: Path, words: Sequence[str], timeout: float) -> cmd.Completed:
    """Run arduino-cli to its end, however that is; ``timeout`` is in seconds."""
    argv = [str(find_arduino_cli().path), "--config-file", str(config), "--no-color", *words]
    # What it says is read; what it leaves behind when it is ended goes with the configuration's folder.
    env = tools.without("ARDUINO_") | {"LC_ALL": "C", "LANG": "C", "TMPDIR": str(config.parent)}
    return cmd.run(argv, env=env, timeout=timeout, check=False)


def reason(said: Iterable[str]) -> tuple[str, bool]:
    """Return why a call failed, from its outputs, in one line; and whether that is the network."""
    lines = [line.strip() for text in said for line in text.splitlines() if line.strip()]
    failed = next((line for line in lines if _NETWORK.search(line)), None)
    return failed or (lines[-1] if lines else "arduino-cli said nothing"), failed is not None
