"""Element types and numbers as C writes them."""

from __future__ import annotations

import math

import numpy as np

C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "uint64": "uint64_t",
    "float32": "float",
    "bool": "bool",
}
"""The C type of each element type, by numpy's names."""


def literal(value: float, dtype: str) -> str:
    """Return a number of an element type as C99, right where int has 16 bits too."""
    if dtype == "bool":
        return "true" if value else "false"
    if dtype == "float32":
        if not math.isfinite(value):
            return "NAN" if math.isnan(value) else "INFINITY" if value > 0 else "(-INFINITY)"
        return f"{float(str(np.float32(value)))!r}f"
    if dtype == "int64":
        return f"INT64_C({int(value)})"
    return "(-2147483647 - 1)" if value == -(1 << 31) else str(int(value))
