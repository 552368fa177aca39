"""Tables as the text of a TOML file, whatever is in them."""

from __future__ import annotations

import json
from typing import Any


def toml(tables: dict[str, Any]) -> str:
    """Tables as TOML: sections where they are tables, the rest in line."""
    plain = {key: value for key, value in tables.items() if not _is_section(value)}
    lines = [f"{_key(key)} = {_inline(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        if key in plain:
            continue
        for entry in value if isinstance(value, list) else [value]:
            lines.append(f"[[{_key(key)}]]" if isinstance(value, list) else f"[{_key(key)}]")
            lines += [f"{_key(inner)} = {_inline(one)}" for inner, one in entry.items()]
    return "\n".join(lines) + "\n"


def _is_section(value: Any) -> bool:
    tables = value if isinstance(value, list) else [value]
    return bool(tables) and all(isinstance(one, dict) for one in tables)


def _key(key: str) -> str:
    return key if key and all(c.isascii() and (c.isalnum() or c in "_-") for c in key) else _inline(key)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
