"""The scan: when each pixel is recorded, and where the probe truly is at that time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.simulation.compute._random import derive, normals, uniforms
from napari_stem3d.simulation.compute._resampling import as_stack, cubic_weights, shift_rows
from napari_stem3d.simulation.fields import Checked, quantity, switch
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope._waves import displace, sample, walk, wander

Image = NDArray[np.float32]
Keys = NDArray[np.uint64]
FWHM = 2 * math.sqrt(2 * math.log(2))  # of a Gaussian, in standard deviations
_HARMONICS = 1 / np.arange(1, 4)  # amplitudes of the mains frequency and its multiples
_HIGHEST = 500.0  # Hz, where the wide-band spectrum ends
_PER_PERIOD = (
    8  # points of a series per period of its highest frequency, or 4 where pixels are slow
)
_TRANSIENT = 0.01  # decay time of the fly-back's transient over the time a line is scanned for
_JITTER, _MAINS, _WIDE_BAND = range(3)  # streams of random numbers


@dataclass(frozen=True)
class Scan(Checked):
    """Raster of the probe, line by line, and what displaces it (physics.md, 5.5).

    Pixel (r, c) is recorded at ``t = r T_line + c τ``, where ``T_line = W τ + τ_flyback``, and
    shows the specimen at ``x + u(t)``. A disturbance faster than 1/T_line tears lines apart; a
    slower one warps the image smoothly. Disturbances along x and y are independent of each other.

    Wide-band disturbances have an amplitude proportional to f^(-1/2) up to 500 Hz, or to a quarter
    of the inverse dwell time where that is less, since a pixel averages over what is faster. They
    are scaled, image by image, so that the local error of the area,
    ``m = (1 + ∂u_x/∂x) (1 + ∂u_y/∂y) - 1``, has the full width at half maximum `wide_band`,
    ``2.355 · 100 · RMS(m)``.
    """

    dwell: float = quantity(10.0, "µs", 1e-6, 1e6, "dwell time per pixel")
    flyback: float = quantity(100.0, "µs", 0.0, 1e6, "time from one line's end to the next line")
    drift: float = quantity(1.0, "nm/min", 0.0, 1e5, "steady drift of the specimen")
    drift_direction: float = quantity(
        0.0, "°", -360.0, 360.0, "where the specimen drifts and settles, from x (right) to y (down)"
    )
    settling: float = quantity(
        0.0, "nm", 0.0, 1e4, "way that is left, as the scan begins, to where the specimen settles"
    )
    settling_time: float = quantity(10.0, "s", 1e-6, 1e6, "decay time of the settling")
    mains: float = quantity(
        0.02, "nm", 0.0, 100.0, "amplitude at mains frequency; twice it has half, thrice a third"
    )
    mains_frequency: float = quantity(50.0, "Hz", 0.1, 10_000.0, "frequency of the mains")
    synchronised: bool = switch(False, "begin each line at the same phase of the mains")
    wide_band: float = quantity(
        5.0, "%", 0.0, 50.0, "width of the distribution of local area errors"
    )
    jitter: float = quantity(0.01, "nm", 0.0, 100.0, "standard deviation of each line's new kick")
    jitter_memory: float = quantity(
        0.0, "", 0.0, 0.999, "fraction of the displacement the next line keeps"
    )
    flyback_error: float = quantity(
        0.0, "nm", 0.0, 1000.0, "way the probe lags behind, to the right, as a line begins"
    )

    def line_time(self, grid: Grid) -> float:
        """Time from the start of one line to the start of the next [s]."""
        return 1e-6 * (grid.gpts[1] * self.dwell + self.flyback)

    def row_times(self, grid: Grid, start: float = 0.0) -> NDArray[np.float64]:
        """Time of the middle of each row [s], shape (ny,), in a scan that begins at `start`."""
        middle = 0.5e-6 * grid.gpts[1] * self.dwell
        return start + middle + self._times(grid)[0]

    def pixel_times(self, grid: Grid) -> NDArray[np.float64]:
        """Time at which each pixel begins [s], shape (ny, nx)."""
        lines, pixels = self._times(grid)
        return lines[:, None] + pixels

    def travel(self, seconds: float) -> tuple[float, float]:
        """How far the specimen drifts and settles in some time from the start, (y, x) [nm]."""
        angle = math.radians(self.drift_direction)
        settled = -math.expm1(-seconds / self.settling_time)
        way = self.drift / 60 * seconds + self.settling * settled
        return way * math.sin(angle), way * math.cos(angle)

    def after(self, seconds: float) -> Scan:
        """Return the scan that begins later, when less of the settling is left."""
        left = self.settling * math.exp(-seconds / self.settling_time)
        return replace(self, settling=left) if self.settling else self

    def displacements(self, grid: Grid, keys: Keys) -> tuple[Image, Image] | None:
        """Displacements at which the pixels show the specimen.

        Parameters
        ----------
        grid : Grid
            Pixels of the images.
        keys : ndarray, shape (n,), uint64
            One key per image.

        Returns
        -------
        tuple of ndarray, shape (n, ny, nx), float32, or None
            Displacements (dy, dx) [nm]; None where nothing is displaced.
        """
        if not (self._bends or self.jitter):
            return None
        dy, dx = out = np.empty((2, len(keys), *grid.gpts), np.float32)
        displace(*self._disturbances(grid, keys), out)
        return dy * np.float32(grid.sampling[0]), dx * np.float32(grid.sampling[1])

    def sample(self, images: Image, grid: Grid, keys: Keys) -> Image:
        """Images as they are scanned.

        Parameters
        ----------
        images : ndarray, shape (n, ny, nx), float32
            Images as they would be in an ideal scan; they continue evenly beyond their edges.
        grid : Grid
            Pixels of the images.
        keys : ndarray, shape (n,), uint64
            One key per image.

        Returns
        -------
        ndarray, shape (n, ny, nx), float32
            Images sampled at the displaced positions; `images` where nothing is displaced.
        """
        if self._bends:
            images = as_stack(images, (len(keys), *grid.gpts))
            out = np.empty_like(images)
            sample(images, *self._disturbances(grid, keys), out)
            return out
        if self.jitter:
            return shift_rows(images, self._kicks(grid, keys))
        return images

    @property
    def _bends(self) -> bool:
        """Whether displacements differ along a line."""
        return any((self.drift, self.settling, self.mains, self.wide_band, self.flyback_error))

    def _times(self, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Time at which each line begins, and time of each pixel since then [s]."""
        lines, pixels = (np.arange(size, dtype=float) for size in grid.gpts)
        return self.line_time(grid) * lines, 1e-6 * self.dwell * pixels

    def _points(self, grid: Grid) -> tuple[int, float]:
        """Points of a wide-band series per line, a whole number, and their distance [s]."""
        line_time = self.line_time(grid)
        closest = max(1 / (_PER_PERIOD * _HIGHEST), 1e-6 * self.dwell)
        per_line = math.ceil(line_time / closest)
        return per_line, line_time / per_line

    def _disturbances(self, grid: Grid, keys: Keys) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Return what displaces all images and what each of them, as `displace` takes it."""
        common, lines, relax, wide_band = _tables(self, tuple(grid.gpts), tuple(grid.sampling))
        at_line = np.repeat(lines[None], len(keys), axis=0)
        at_line[:, 1] += self._kicks(grid, keys)
        series = np.empty((len(keys), 2, wide_band[-1]), np.float32)
        if self.wide_band:
            amplitudes, *rest, _ = wide_band
            noise = normals(derive(keys, _WIDE_BAND), (4, len(amplitudes)))
            wander(noise, amplitudes, *rest, series)
        return common, (at_line, relax, self._waves(grid, keys), series)

    def _kicks(self, grid: Grid, keys: Keys) -> NDArray[np.float32]:
        """Displacement of each line along x [px], shape (n, ny)."""
        kicks = normals(derive(keys, _JITTER), grid.gpts[0])
        kicks *= np.float32(self.jitter / grid.sampling[1])
        if self.jitter_memory:
            walk(kicks, self.jitter_memory)
        return kicks

    def _waves(self, grid: Grid, keys: Keys) -> NDArray[np.float32]:
        """Coefficients of the sines and cosines of the mains [px], shape (n, 2, H, 2)."""
        harmonics = _HARMONICS if self.mains else _HARMONICS[:0]
        phases = 2 * np.pi * uniforms(derive(keys, _MAINS), (2, len(harmonics)))
        amplitudes = self.mains * harmonics / np.reshape(grid.sampling, (2, 1))
        waves = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
        return _single(amplitudes[..., None] * waves)


@lru_cache(16)
def _tables(
    scan: Scan, gpts: tuple[int, int], sampling: tuple[float, float]
) -> tuple[tuple[Any, ...], Image, Image, tuple[Any, ...]]:
    """Return what all images of a scan share.

    Returns
    -------
    tuple
        What `displace` takes as `common`, displacement of each line along y and x, what relaxes
        from there on, and what `wander` takes after the noise, the number of points last.
    """
    grid = Grid(gpts, sampling)
    lines, pixels = scan._times(grid)
    angle, scale = math.radians(scan.drift_direction), np.reshape(sampling, (2, 1))
    # Where the specimen drifts one way, the probe comes to lie the other way on it.
    direction = -np.array([[math.sin(angle)], [math.cos(angle)]]) / scale
    along_line = direction * (scan.drift / 60 * pixels)
    lag = np.exp(-np.arange(gpts[1]) / (_TRANSIENT * gpts[1]))
    along_line[1] += scan.flyback_error / sampling[1] * lag
    at_line = direction * (scan.drift / 60 * lines + scan.settling)
    relax = -scan.settling * direction * np.exp(-lines / scan.settling_time)
    frequencies = 2 * np.pi * scan.mains_frequency / _HARMONICS[:, None]
    per_line, spacing = scan._points(grid)
    whole, part = np.divmod(pixels / spacing, 1)
    points, starts = np.unique(whole.astype(np.int64), return_index=True)
    common = (
        _single(along_line),
        _single(np.exp(-pixels / scan.settling_time)),
        _circle(frequencies * (0 * lines if scan.synchronised else lines)),
        _circle(frequencies * pixels),
        per_line,
        np.stack([np.append(starts, gpts[1]), np.append(points, 0)], axis=1),
        _single(cubic_weights(part)),
    )
    return common, _single(at_line), _single(relax), _wide_band(scan, grid)


def _wide_band(scan: Scan, grid: Grid) -> tuple[Any, ...]:
    """Spectrum, raster in time and scale of the wide-band disturbance; see `wander`."""
    if not scan.wide_band:
        return (0,)
    (per_line, spacing), dwell = scan._points(grid), 1e-6 * scan.dwell
    points = grid.gpts[0] * per_line
    size = 2 ** math.ceil(math.log2(points + per_line + 8))
    highest = min(_HIGHEST, 1 / (4 * dwell), 1 / (2 * spacing))
    bins = np.arange(1, min(max(int(highest * size * spacing), 1), size // 2 - 1) + 1)
    whole, part = divmod(dwell / spacing, 1)
    return (
        _single(1 / np.sqrt(bins)),
        _circle(2 * np.pi * np.arange(size) / size)[::-1].copy(),
        (points, per_line),
        (int(whole), cubic_weights(part)),
        scan.wide_band / (100 * FWHM),
        grid.sampling,
        points + 4,
    )


def _circle(angles: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sine and cosine of angles, stacked along a first axis."""
    return _single(np.stack([np.sin(angles), np.cos(angles)]))


def _single(numbers: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(numbers, np.float32)
