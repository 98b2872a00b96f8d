from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import PRESETS, Grid, Microscope, get_preset


def test_names() -> None:
    assert list(PRESETS) == [
        "default", "ideal", "aberration-corrected 200 kV", "tungsten-era", "low dose",
    ]  # fmt: skip
    assert get_preset("default") == Microscope()


@pytest.mark.parametrize("name", ["Ideal", "", "best"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^preset must be one of default, ideal, .* Received: '"):
        get_preset(name)


def disc(diameter: float, grid: Grid) -> np.ndarray:
    y, x = np.indices(grid.gpts) - np.array(grid.centre)[:, None, None] / grid.sampling[0]
    square = (diameter / 2) ** 2 - (y**2 + x**2) * grid.sampling[0] ** 2
    return 2 * np.sqrt(np.maximum(square, 0)).astype(np.float32)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "ideal"])
def test_a_particle_is_seen_and_no_converter_overflows(name: str) -> None:
    """SIM-20: every preset is a microscope that one would use."""
    grid, microscope = Grid(), PRESETS[name]
    thickness = disc(12.0, grid)
    slabs = microscope.probe.slabs
    maps, depths = np.stack([thickness / slabs] * slabs), np.linspace(-5, 5, slabs)
    image = microscope.image(maps, grid, np.random.default_rng(0), depths)
    inside, outside = image[thickness > 8], image[thickness == 0]
    assert inside.mean() > outside.mean() + outside.std()
    assert 0 < np.median(image)
    assert image.max() < 2**microscope.detector.bits - 1


def test_the_presets_differ_as_their_names_say() -> None:
    doses = {name: preset.electrons_per_pixel for name, preset in PRESETS.items()}
    widths = {name: preset.probe.width(preset.beam) for name, preset in PRESETS.items()}
    assert min(doses, key=doses.__getitem__) == "low dose"
    assert max(widths, key=widths.__getitem__) == "tungsten-era"
    assert widths["aberration-corrected 200 kV"] < widths["default"]
    assert widths["ideal"] == 0
