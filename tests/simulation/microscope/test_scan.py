from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest
from scipy.signal import periodogram

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._random import draw_keys
from napari_stem3d.simulation.compute._resampling import gather
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope.scan import Scan

KEYS = draw_keys(np.random.default_rng(5), 64)
GRID = Grid((128, 128), (0.2, 0.2))


def only(**disturbances: Any) -> Scan:
    """Scan that nothing disturbs but what is named."""
    return Scan(**(dict(drift=0.0, mains=0.0, wide_band=0.0, jitter=0.0) | disturbances))


def moved(scan: Scan, grid: Grid = GRID, keys: np.ndarray = KEYS) -> tuple[np.ndarray, np.ndarray]:
    """Displacements (dy, dx) [nm]."""
    found = scan.displacements(grid, keys)
    assert found is not None
    return found[0].astype(float), found[1].astype(float)


def edge_positions(scan: Scan, grid: Grid, key: int = 0) -> np.ndarray:
    """Where an upright edge in the middle appears in each row of an image [px]."""
    x = np.arange(grid.gpts[1]) - grid.gpts[1] / 2
    edge = np.tile((1 / (1 + np.exp(-x / 2))).astype(np.float32), (1, grid.gpts[0], 1))
    image = scan.sample(edge, grid, KEYS[key : key + 1])[0].astype(float)
    return np.array([np.interp(0.5, row, x) for row in image])


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def test_times_follow_from_dwell_and_fly_back() -> None:
    """SIM-13: t = r (W τ + τ_fly) + c τ."""
    grid, scan = Grid((3, 50)), only(dwell=20.0, flyback=300.0)
    assert scan.line_time(grid) == pytest.approx(1.3e-3)
    np.testing.assert_allclose(scan.row_times(grid, 2.0), 2 + 0.5e-3 + 1.3e-3 * np.arange(3))
    times = scan.pixel_times(grid)
    assert times.shape == (3, 50)
    assert times[2, 7] == pytest.approx(2 * 1.3e-3 + 7 * 20e-6)


def test_a_still_scan_returns_the_image_itself() -> None:
    image = np.random.default_rng(0).random((1, *GRID.gpts)).astype(np.float32)
    assert only().sample(image, GRID, KEYS[:1]) is image
    assert only().displacements(GRID, KEYS) is None


@pytest.mark.parametrize(("frequency", "dwell"), ((50.0, 10.0), (60.0, 10.0), (50.0, 17.0)))
def test_mains_return_after_as_many_rows_as_predicted(frequency: float, dwell: float) -> None:
    """P-7: the period of a 50 Hz disturbance is 1/(50 T_line) rows."""
    grid = Grid((1024, 64), (0.2, 0.2))
    scan = only(mains=0.1, mains_frequency=frequency, dwell=dwell)
    positions = edge_positions(scan, grid)
    cycles, power = periodogram(positions, window="hann", nfft=16 * 1024)
    period = 1 / cycles[np.argmax(power)]
    assert period == pytest.approx(1 / (frequency * scan.line_time(grid)), rel=0.01)
    assert rms(positions) == pytest.approx(0.5 * math.sqrt((1 + 1 / 4 + 1 / 9) / 2), rel=0.05)


def test_synchronised_lines_begin_at_the_same_phase() -> None:
    dy, dx = moved(only(mains=0.1, synchronised=True))
    for d in (dy, dx):
        np.testing.assert_allclose(d, np.repeat(d[:, :1], 128, axis=1), atol=1e-7)
        assert np.ptp(d[:, 0], axis=1).mean() > 0.01
    assert np.ptp(moved(only(mains=0.1))[1][:, :, 0], axis=1).min() > 0.1


@pytest.mark.parametrize("speed", (600.0, 3000.0))
def test_drift_shears_upright_edges(speed: float) -> None:
    """P-8, SIM-14: the angle of shear is v T_line / dx."""
    grid, scan = Grid((100, 128), (0.2, 0.2)), only(drift=speed)
    slope = np.polyfit(np.arange(100), edge_positions(scan, grid), 1)[0]
    per_line, per_pixel = (speed / 60 * time / 0.2 for time in (scan.line_time(grid), 10e-6))
    assert slope == pytest.approx(per_line / (1 - per_pixel), rel=1e-3)


def test_drift_and_settling_go_where_they_are_directed() -> None:
    """The specimen goes there, so that the probe is found the other way on it."""
    scan = only(drift=60.0, drift_direction=30.0, settling=5.0, settling_time=0.05)
    dy, dx = moved(scan, keys=KEYS[:1])
    times = scan.pixel_times(GRID)
    way = times + 5 * (1 - np.exp(-times / 0.05))
    np.testing.assert_allclose(dx[0], -math.cos(math.pi / 6) * way, atol=1e-5)
    np.testing.assert_allclose(dy[0], -math.sin(math.pi / 6) * way, atol=1e-5)


def test_the_probe_lags_as_a_line_begins() -> None:
    """The transient of the fly-back is over after a few hundredths of a line."""
    dy, dx = moved(only(flyback_error=2.0), Grid((4, 1000)), KEYS[:1])
    np.testing.assert_array_equal(dy, 0)
    np.testing.assert_allclose(dx[0, :, 0], 2.0, rtol=1e-6)
    np.testing.assert_allclose(dx[0, :, 10], 2.0 / math.e, rtol=1e-5)
    assert dx[0, :, 30:].max() < 0.1 < dx[0, :, 20].min()


def test_fast_disturbances_tear_and_slow_ones_warp() -> None:
    """SIM-18: what is faster than 1/T_line tears lines apart, what is slower bends the image."""
    rate = 1 / only().line_time(GRID)
    for frequency, tears in ((1.4 * rate, True), (0.45 * rate, True), (0.01 * rate, False)):
        _, dx = moved(only(mains=0.1, mains_frequency=frequency))
        jump = rms(np.diff(dx, axis=1)) / rms(dx)
        assert jump > 1 if tears else jump < 0.15
        along = rms(np.diff(dx, axis=2)) / rms(dx)
        assert along < 0.15  # within a line all of them are smooth


@pytest.mark.parametrize("frequency", (50.0, 110.0))
def test_slow_scans_are_displaced_more_by_the_same_disturbance(frequency: float) -> None:
    """SIM-18: from pixel to pixel by 2 sin(π f τ), from line to line by 2 sin(π f T_line)."""
    harmonics = np.arange(1, 4)

    def predicted(time: float) -> float:
        return rms(2 / harmonics * np.sin(np.pi * frequency * harmonics * time))

    quick, slow = (
        only(mains=0.1, mains_frequency=frequency, dwell=dwell, flyback=50.0)
        for dwell in (2.0, 10.0)
    )
    jumps = {}
    for scan in (quick, slow):
        _, dx = moved(scan)
        jumps[scan] = rms(np.diff(dx, axis=2)), rms(np.diff(dx, axis=1))
    ratio = np.divide(jumps[slow], jumps[quick])
    pixels = predicted(10e-6) / predicted(2e-6)
    lines = predicted(slow.line_time(GRID)) / predicted(quick.line_time(GRID))
    assert pixels == pytest.approx(5, rel=0.01)
    assert lines > 2
    np.testing.assert_allclose(ratio, (pixels, lines), rtol=0.05)


@pytest.mark.parametrize(
    ("percent", "grid", "timing"),
    (
        (5.0, GRID, {}),
        (2.0, GRID, {}),
        (10.0, GRID, {}),
        (5.0, Grid((100, 60), (0.1, 0.3)), {}),
        (5.0, GRID, dict(dwell=1.0)),
        (5.0, GRID, dict(dwell=300.0)),
        (5.0, GRID, dict(dwell=2000.0, flyback=0.0)),
        (5.0, Grid((256, 256), (0.05, 0.05)), dict(dwell=3.0)),
    ),
)
def test_local_areas_err_by_the_percentage(
    percent: float, grid: Grid, timing: dict[str, float]
) -> None:
    """SIM-18: 2.355 · 100 · RMS((1 + ∂u_x/∂x) (1 + ∂u_y/∂y) - 1), of every image."""
    dy, dx = moved(only(wide_band=percent, **timing), grid, KEYS[:8])
    along_y = np.diff(dy, axis=1)[:, :, :-1] / grid.sampling[0]
    along_x = np.diff(dx, axis=2)[:, :-1] / grid.sampling[1]
    error = (1 + along_x) * (1 + along_y) - 1
    found = 235.5 * np.sqrt((error**2).mean(axis=(1, 2)))
    np.testing.assert_allclose(found, percent, atol=0.2)


def test_the_wide_band_is_pink_and_ends_at_500_hz() -> None:
    """SIM-18: amplitudes fall as f^(-1/2), so powers as 1/f."""
    grid, scan = Grid((8192, 1)), only(wide_band=5.0, dwell=100.0, flyback=300.0)
    for d in moved(scan, grid, KEYS[:32]):
        f, power = periodogram(d[:, :, 0], 1 / scan.line_time(grid), window="hann")
        power = power.mean(axis=0)
        inside = (f > 5) & (f < 450)
        slope = np.polyfit(np.log(f[inside]), np.log(power[inside]), 1)[0]
        assert slope == pytest.approx(-1, abs=0.05)
        assert power[f > 550].max() < 0.02 * power[(f > 400) & (f < 450)].mean()


def test_x_and_y_are_independent() -> None:
    """SIM-18: an image is displaced in all directions, not along its diagonal."""
    for scan in (only(mains=0.1), only(wide_band=5.0), Scan(jitter=0.0, drift=0.0)):
        dy, dx = moved(scan)
        cosines = (dy * dx).mean((1, 2)) / np.sqrt((dy**2).mean((1, 2)) * (dx**2).mean((1, 2)))
        assert abs(cosines.mean()) < 4 * cosines.std() / np.sqrt(len(KEYS))
        # By itself, neither is the same in two images.
        assert len(np.unique(dx[:, 3, 4])) == len(np.unique(dy[:, 3, 4])) == len(KEYS)


@pytest.mark.parametrize("memory", (0.0, 0.5, 0.9))
def test_lines_jitter_as_an_autoregressive_series(memory: float) -> None:
    grid = Grid((200, 8), (0.3, 0.1))
    keys = draw_keys(np.random.default_rng(0), 2000)
    dy, dx = moved(only(jitter=0.04, jitter_memory=memory), grid, keys)
    np.testing.assert_array_equal(dy, 0)
    np.testing.assert_array_equal(dx, np.repeat(dx[:, :, :1], 8, axis=2))
    lines = dx[:, :, 0]
    spread = 0.04 / math.sqrt(1 - memory**2)
    for row in (0, 1, 199):  # stationary from the first line on
        assert lines[:, row].std() == pytest.approx(spread, rel=0.07)
    kept = (lines[:, 1:] * lines[:, :-1]).mean() / (lines**2).mean()
    assert kept == pytest.approx(memory, abs=0.01)


def test_jitter_alone_is_the_same_on_either_path() -> None:
    scan = only(jitter=0.3, jitter_memory=0.3)
    image = np.random.default_rng(0).random((4, *GRID.gpts)).astype(np.float32)
    dy, dx = moved(scan, keys=KEYS[:4])
    np.testing.assert_allclose(
        scan.sample(image, GRID, KEYS[:4]), gather(image, dy / 0.2, dx / 0.2), atol=2e-5
    )


def test_pixels_show_the_specimen_where_they_are_displaced_to() -> None:
    """SIM-18: image(x) = ideal(x + u), beyond rows and columns too."""
    grid = Grid((90, 110), (0.3, 0.2))
    y, x = (np.arange(n, dtype=float) for n in grid.gpts)

    def ideal(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.sin(y / 7) + np.cos(x / 6 + 0.3)

    scan = Scan(drift=300.0, drift_direction=40.0, mains=0.3, jitter=0.1, flyback_error=0.4)
    images = np.tile(ideal(y[:, None], x).astype(np.float32), (5, 1, 1))
    found = scan.sample(images, grid, KEYS[:5])
    dy, dx = moved(scan, grid, KEYS[:5])
    wanted = ideal(y[:, None] + dy / 0.3, x + dx / 0.2)
    inner = np.s_[:, 8:-8, 8:-8]
    np.testing.assert_allclose(found[inner], wanted[inner], atol=2e-3)
    assert np.abs(wanted - images)[inner].max() > 0.1


def test_a_blank_image_is_unaffected() -> None:
    """SIM-18: distortion moves structure but adds no noise where there is none."""
    blank = np.full((3, *GRID.gpts), 0.37, np.float32)
    for scan in (Scan(), Scan(jitter=5.0, mains=2.0, drift=1e4, flyback_error=3.0), only(jitter=1)):
        np.testing.assert_allclose(scan.sample(blank, GRID, KEYS[:3]), blank, rtol=1e-6)


def test_images_do_not_depend_on_their_batch() -> None:
    """SIM-24: the same bytes in any batch, on any number of threads."""
    scan = Scan(jitter_memory=0.5, flyback_error=0.1, settling=1.0)
    images = np.random.default_rng(0).random((5, 70, 45)).astype(np.float32)
    grid = Grid((70, 45))
    together = scan.sample(images, grid, KEYS[:5])
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    alone = [scan.sample(images[i : i + 1], grid, KEYS[i : i + 1])[0] for i in range(5)]
    numba.set_num_threads(before)
    np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("gpts", ((1, 1), (1, 40), (40, 1), (2, 3)))
@pytest.mark.parametrize("timing", ({}, dict(dwell=1e6), dict(dwell=1e-3, flyback=0.0)))
def test_any_raster_can_be_scanned(gpts: tuple[int, int], timing: dict[str, float]) -> None:
    images = np.random.default_rng(0).random((2, *gpts)).astype(np.float32)
    found = Scan(**timing).sample(images, Grid(gpts), KEYS[:2])
    assert found.shape == images.shape
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("name", "value"),
    (
        ("dwell", 0.0),
        ("dwell", float("nan")),
        ("flyback", -1.0),
        ("drift", -1.0),
        ("drift_direction", 361.0),
        ("settling_time", 0.0),
        ("mains", -0.1),
        ("mains_frequency", 0.0),
        ("synchronised", 1.0),
        ("wide_band", 51.0),
        ("jitter", "1"),
        ("jitter_memory", 1.0),
        ("flyback_error", float("inf")),
    ),
)
def test_impossible_scans_are_refused(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=rf"Scan\.{name} must"):
        Scan(**{name: value})


def test_stacks_that_do_not_fit_the_grid_are_refused() -> None:
    with pytest.raises(InputError, match="images must have the shape"):
        Scan().sample(np.zeros((2, 5, 5), np.float32), GRID, KEYS[:2])
