"""Figures that were drawn, as a notebook shows them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

from hpcmix.api.markup import picture


class Figures(Sequence[Path]):
    """The files of figures that were drawn. A notebook shows them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> Figures: ...
    def __getitem__(self, index: int | slice) -> Path | Figures:
        chosen = self._paths[index]
        return chosen if isinstance(chosen, Path) else Figures(chosen)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._paths)) or "nothing to draw"

    def _repr_html_(self) -> str:
        """For notebooks: pictures that browsers show, and the names of others."""
        return "".join(picture(path) for path in self._paths)
