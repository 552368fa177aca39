"""What the docstrings of the schema say: of a table its class', of a key the text below its field.

They are read from the source when somebody asks for them, so that a run does not wait for it.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from functools import cache
from itertools import pairwise

from pydantic import BaseModel

_EXAMPLE = re.compile(r"\n?\s*Example:\s*``(?P<text>.*?)``\.?\s*$", re.DOTALL)


def table_text(model: type[BaseModel]) -> str:
    """The docstring of a table, one paragraph a line; empty where it has none of its own."""
    return _paragraphs(inspect.cleandoc(model.__dict__.get("__doc__") or ""))


def key_text(model: type[BaseModel], field: str) -> str:
    """The docstring of a key, one paragraph a line, without its example; empty where it has none."""
    return _paragraphs(_EXAMPLE.sub("", _docstring(model, field)))


def key_example(model: type[BaseModel], field: str) -> str | None:
    """The value that the docstring of a key gives as its example, as TOML; None where it gives none."""
    match = _EXAMPLE.search(_docstring(model, field))
    return None if match is None else " ".join(match["text"].split())


def _docstring(model: type[BaseModel], field: str) -> str:
    """Of the class that defines the field, else of the one that it takes it from."""
    for base in model.__mro__:
        text = _of_class(base).get(field) if issubclass(base, BaseModel) and base is not BaseModel else None
        if text:
            return text
    return ""


def _of_class(model: type[BaseModel]) -> dict[str, str]:
    return _of_module(model.__module__).get(model.__qualname__, {})


@cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    """The texts below the fields of every class of a module."""
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: _of_body(node.body) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_body(body: list[ast.stmt]) -> dict[str, str]:
    texts = {}
    for field, text in pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                texts[name] = inspect.cleandoc(words)
    return texts


def _paragraphs(text: str) -> str:
    """The text with a line for each paragraph; lines that are indented stay as they are."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n".join(block if block.startswith("    ") else " ".join(block.split()) for block in blocks)
