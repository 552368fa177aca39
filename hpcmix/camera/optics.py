"""What a lens and a chip make of column densities: blur, absorption, counted photons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import fft

REACH = 8.0
"""Standard deviations beyond which a blurred point is zero, exp(-32)."""


def blurred(picture: np.ndarray, pixels: Sequence[float], resolution: float) -> np.ndarray:
    """The picture n(x) in which every point is a Gaussian,

        integral n(x') exp(-(x - x')^2 / 2 sigma^2) dx' / (2 pi sigma^2)^(axes/2),

    by the Fourier transform exp(-sigma^2 k^2 / 2) of the Gaussian, on a picture with dark edges as wide as it reaches.

    pixels  their widths along the axes; resolution: sigma.
    """
    if resolution == 0.0:
        return picture
    shape = [
        fft.next_fast_len(points + 1 + math.ceil(REACH * resolution / width), real=True)
        for points, width in zip(picture.shape, pixels, strict=True)
    ]
    spectrum = fft.rfftn(picture, shape)
    for axis, (points, width) in enumerate(zip(shape, pixels, strict=True)):
        last = axis == picture.ndim - 1
        wave_numbers = 2.0 * np.pi * (fft.rfftfreq(points, width) if last else fft.fftfreq(points, width))
        factor = np.exp(-0.5 * (resolution * wave_numbers) ** 2)
        spectrum *= factor.reshape([-1 if other == axis else 1 for other in range(picture.ndim)])
    whole: np.ndarray = fft.irfftn(spectrum, shape)
    return np.maximum(whole[tuple(slice(points) for points in picture.shape)], 0.0)  # of rounding


def optical_density(picture: np.ndarray, cross_section: float) -> np.ndarray:
    """sigma n, n the particles per area: a weak probe leaves exp(-sigma n) of itself."""
    return cross_section * picture


def counted(optical: np.ndarray, photons: float, seed: int, stream: int) -> np.ndarray:
    """-log(N / N_0) of photons that are counted in every pixel, N_0 of a picture without atoms with the mean `photons`,
    N of one with the mean photons exp(-optical). A pixel that stays dark counts half a photon.

    The numbers are those of one Philox sequence with the key (seed, stream).
    """
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, stream], np.uint64)))
    without = generator.poisson(photons, optical.shape)
    passed = generator.poisson(photons * np.exp(-optical))
    seen: np.ndarray = np.log(np.maximum(without, 0.5) / np.maximum(passed, 0.5))
    return seen
