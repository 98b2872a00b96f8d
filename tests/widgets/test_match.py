from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d.signals import Axis, Stack, to_layer_data
from napari_stem3d.simulation import (
    Beam,
    Cuboid,
    Grid,
    Microscope,
    Scan,
    metadata,
    read_experiment,
    simulate,
)
from napari_stem3d.widgets._estimates import with_error
from napari_stem3d.widgets.match import MatchWidget, vacuum_mask

Finish = Callable[[Any], None]
GRID = Grid((96, 128), (0.5, 0.4))
MADE = Microscope(Beam(high_voltage=80.0), scan=Scan(dwell=4.0))


@pytest.fixture
def viewer(make_napari_viewer: Any) -> Any:
    viewer = make_napari_viewer()
    image = simulate(Cuboid(9, 9, 9), particles=2, grid=GRID, microscope=MADE, seed=3)[0].image
    axes = tuple(Axis(n, d, 5.0, "nm") for n, d in zip("yx", GRID.sampling))
    data, options, _ = to_layer_data(Stack(image, axes, "frame", metadata(MADE, GRID)))
    viewer.add_image(data, **options)
    return viewer


@pytest.fixture
def panel(viewer: Any) -> MatchWidget:
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Match my image")
    return panel


@pytest.fixture
def matched(panel: MatchWidget, finish: Finish) -> MatchWidget:
    panel.match()
    finish(panel)
    return panel


def test_metadata_fill_what_is_known(panel: MatchWidget) -> None:
    assert panel._known().beam.high_voltage == 80.0
    assert panel._known().scan.dwell == pytest.approx(4.0)


def test_estimates_image_and_settings_come_out(
    matched: MatchWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIM-20: estimates with errors, and the noise of both images side by side."""
    table = matched.table
    cells = {table.item(r, 0).text(): table.item(r, 1).text() for r in range(table.rowCount())}
    assert {"gain", "offset", "background"} <= set(cells)
    assert "±" in cells["gain"]
    assert matched.found.microscope.beam.high_voltage == 80.0
    real, simulated = matched.viewer.layers
    assert simulated.name == "frame simulated"
    assert simulated.data.shape == real.data.shape
    assert simulated.translate[0] == real.translate[0]
    assert simulated.translate[1] - real.translate[1] == pytest.approx(1.02 * 128 * 0.4)
    assert simulated.contrast_limits == real.contrast_limits
    film = matched.found.film
    spread = [np.std(layer.data[film]) for layer in (real, simulated)]
    assert spread[1] == pytest.approx(spread[0], rel=0.3)

    path = tmp_path / "matched.toml"
    dialog = "napari_stem3d.widgets._files.QFileDialog.getSaveFileName"
    monkeypatch.setattr(dialog, lambda *_: (str(path), ""))
    matched.save_settings()
    saved = read_experiment(path)
    assert (saved.microscope, saved.grid) == (matched.found.microscope, GRID)


def test_generate_takes_it_over(matched: MatchWidget) -> None:
    matched.use_in_generate()
    (generate,) = (
        widget for name, widget in matched.viewer.window.dock_widgets.items() if "Generate" in name
    )
    made = generate.form.make()
    assert made.microscope == matched.found.microscope
    assert (made.grid.gpts, made.grid.sampling) == (GRID.gpts, GRID.sampling)
    matched.use_in_generate()
    assert sum("Generate" in name for name in matched.viewer.window.dock_widgets) == 1
    generate.preview.stop()


def test_shapes_tell_the_vacuum(viewer: Any) -> None:
    image = viewer.layers[0]
    box = np.array([[10.0, 15.0], [10.0, 25.0], [20.0, 25.0], [20.0, 15.0]])  # nm
    shapes = viewer.add_shapes([box, box + 15], units=("nm", "nm"))
    mask = vacuum_mask(shapes, image)
    rows, columns = np.nonzero(mask)
    assert (rows.min(), columns.min()) == (10, 25)
    shapes.selected_data = {1}
    assert np.nonzero(vacuum_mask(shapes, image))[0].min() == 40


def test_bad_input_is_one_sentence(panel: MatchWidget, finish: Finish, notes: list[str]) -> None:
    shapes = panel.viewer.add_shapes(name="nothing")
    panel.reset_choices()
    panel.vacuum.value = shapes
    panel._act(panel.match)
    panel.vacuum.value = None
    panel.viewer.layers["frame"].data = np.ones((96, 128), np.float32)
    panel._act(panel.match)
    finish(panel)
    panel.known["contrast"].fill({"material": "nonsense"})
    panel._act(panel.match)
    assert len(notes) == 3, notes
    assert notes[0].startswith("The vacuum must be shapes that lie on the image")
    assert notes[1].startswith("frame must not have the same value everywhere")
    assert notes[2].startswith("material must be a chemical formula")


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (489036.8, 31_000.0, "489\u202f000 ± 31\u202f000"),
        (20.123, 0.34, "20.12 ± 0.34"),
        (0.5416, 0.0432, "0.542 ± 0.043"),
        (57.3, 97.0, "57 ± 97"),
        (3.0, float("nan"), "3"),
    ],
)
def test_numbers_have_the_digits_that_their_errors_leave(
    value: float, error: float, shown: str
) -> None:
    assert with_error(value, error) == shown
