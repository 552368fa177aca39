"""Text files of numbers in two columns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.values import existing_path


def columns_of(
    table: Mapping[str, Any], keys: tuple[str, str], first: str, info: ValidationInfo
) -> tuple[np.ndarray, np.ndarray]:
    """The two columns of the file that a table names by its ``path``, which stand for two lists of these keys. Raises
    the validation error of :func:`two_columns`, and one where a list is given too."""
    for key in keys:
        if key in table:
            raise wrong("contradicts path; give the lists or the file", key=key)
    return two_columns(table["path"], first, info)


def two_columns(path: Any, first: str, info: ValidationInfo) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of a text file with two columns, of which `first` names the first in words; lines that begin with #
    are remarks. Raises the validation error that says what is wrong with the file, for the key ``path``."""
    try:
        file = existing_path(path, info)
    except PydanticCustomError as error:
        raise wrong(error.message(), key="path") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a file without numbers, which has its own sentence
            columns = np.loadtxt(file, ndmin=2, encoding="utf-8-sig")  # some editors put a mark first
    except (ValueError, UnicodeDecodeError, OSError) as error:
        reason = str(error).splitlines()[0][:100]
        raise wrong(f"{file} is no text file of numbers in two columns: {reason}", key="path") from None
    if columns.size == 0:
        raise wrong(f"{file} holds no numbers; it must have two columns, {first} and the value", key="path")
    if columns.ndim != 2 or columns.shape[1] != 2:
        raise wrong(f"{file} must have two columns, {first} and the value, but has {columns.shape[-1]}", key="path")
    if not np.all(np.isfinite(columns)):
        raise wrong(f"{file} holds numbers that are not finite", key="path")
    return columns[:, 0], columns[:, 1]
