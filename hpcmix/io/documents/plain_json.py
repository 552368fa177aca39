"""Values of any kind as JSON that every reader accepts: no NaN, no infinity, no numpy types."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """`value` made of dict, list, str, int, float, bool and None only; what is not finite becomes None. Raises
    TypeError for other objects.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON file")


def line_of(value: Any) -> str:
    """One line of JSON, keys in the order given."""
    return json.dumps(plain(value), allow_nan=False, separators=(", ", ": "), ensure_ascii=False)


def page_of(value: Any) -> str:
    """JSON over several lines for people, keys in the order given; ends with a newline."""
    return json.dumps(plain(value), allow_nan=False, indent=2, ensure_ascii=False) + "\n"
