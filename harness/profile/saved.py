"""Profiles as the file of a run keeps them: what is printed as JSON, and what pictures need beside it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import msgspec

from harness.layout import Block
from harness.profile.document import entry
from harness.profile.functions import FunctionTime, Kind, Stack
from harness.profile.operators import OperatorTime, Work, joined
from harness.profile.result import Profile, Usage
from harness.types import Clock, Json, Status

_TEXTS = ("model", "implementation", "board", "reason")
_USAGE = ("heap", "stack_idle", "stack_started", "stack_inferred")


def to_json(profile: Profile) -> dict[str, Json]:
    """Return a profile as JSON values, from which ``from_json`` makes it again."""
    found = entry(profile, symbols=True)
    if profile.status is Status.OK:
        network: list[Json] = [asdict(work) | {"output_shape": list(work.output_shape)} for work in profile.network]
        stacks: list[Json] = [{"frames": list(stack.frames), "ticks": stack.ticks} for stack in profile.stacks]
        found |= {"network": network, "stacks": stacks, "has_dsp": profile.has_dsp}
    return found


def from_json(item: Mapping[str, Any]) -> Profile:
    """Return the profile; raises ``KeyError``, ``TypeError`` or ``ValueError`` where it is damaged."""
    try:
        model, implementation, board, reason = (msgspec.convert(item[key], str) for key in _TEXTS)
        head = Profile(
            model=model,
            implementation=implementation,
            board=board,
            clock=Clock(item["clock"]),
            clock_hz=msgspec.convert(item["clock_hz"], int),
            status=Status(item["status"]),
            reason=reason,
            advice=msgspec.convert(item.get("advice", ()), tuple[str, ...]),
        )
        return _whole(head, item) if head.status is Status.OK else head
    except (msgspec.ValidationError, IndexError) as error:
        msg = f"a profile in it: {error}"
        raise ValueError(msg) from error


def _whole(head: Profile, item: Mapping[str, Any]) -> Profile:
    unit = head.unit
    network = msgspec.convert(item["network"], tuple[Work, ...])
    memory = msgspec.convert(item["memory"], dict[str, Any])
    usage = {name: memory[f"{name}_bytes"] for name in _USAGE}
    return replace(
        head,
        inference=msgspec.convert(item[f"inference_{unit}"], int),
        plain=msgspec.convert(item[f"inference_without_markers_{unit}"], int),
        network=network,
        operators=tuple(_operator(operator, network, unit) for operator in item["operators"]),
        functions=tuple(_function(function, unit) for function in item["functions"]),
        stacks=msgspec.convert(item["stacks"], tuple[Stack, ...]),
        layout=msgspec.convert(memory["blocks"], tuple[Block, ...]),
        usage=None if usage["heap"] is None else msgspec.convert(usage, Usage),
        symbols=tuple(
            msgspec.convert((symbol["name"], symbol["bytes"]), tuple[str, int]) for symbol in item["symbols"]
        ),
        has_dsp=msgspec.convert(item["has_dsp"], bool),
        provenance=msgspec.convert(item["provenance"], dict[str, Any]),
    )


def _operator(item: Mapping[str, Any], network: tuple[Work, ...], unit: str) -> OperatorTime:
    places = msgspec.convert(item["operators"], tuple[int, ...])
    return OperatorTime(
        places=places, work=joined(network[place] for place in places), ticks=msgspec.convert(item[unit], int)
    )


def _function(item: Mapping[str, Any], unit: str) -> FunctionTime:
    name, ticks = msgspec.convert((item["name"], item[unit]), tuple[str, int])
    return FunctionTime(name=name, kind=Kind(item["kind"]), ticks=ticks)
