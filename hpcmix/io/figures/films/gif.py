"""GIF films: 256 colours, chosen from those of the maps, so that scales of colours stay scales."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

MAPS = {"viridis": 122, "twilight": 88, "gray": 40}
"""How many colours of a film are of which map; the rest are those of lines."""


def write_gif(path: Path, figure: Figure, drawn: Iterator[None], rate: int, lines: tuple[str, ...]) -> None:
    """Write a film that goes on for ever.

    drawn  changes the figure with every step, a frame each; rate: frames per second; lines: colours of lines.
    """
    palette, canvas = _palette(lines), FigureCanvasAgg(figure)

    def pictures() -> Iterator[Image.Image]:
        for _ in drawn:
            canvas.draw()
            seen = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()))
            yield seen.convert("RGB").quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)

    frames = pictures()
    first = next(frames)
    first.save(path, format="GIF", save_all=True, append_images=frames, duration=round(1000 / rate), loop=0)


def _palette(lines: tuple[str, ...]) -> Image.Image:
    """An image whose palette has the colours."""
    colours = [matplotlib.colormaps[name](np.linspace(0.0, 1.0, count))[:, :3] for name, count in MAPS.items()]
    colours.append(np.array([matplotlib.colors.to_rgb(colour) for colour in lines[: 256 - sum(MAPS.values())]]))
    palette = Image.new("P", (1, 1))
    palette.putpalette(list(chain.from_iterable(np.rint(255.0 * np.concatenate(colours)).astype(int).tolist())))
    return palette
