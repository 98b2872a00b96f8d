from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d.simulation import PRESETS, LatticeScene, write_settings
from napari_stem3d.simulation.lattices import ATOMIC
from napari_stem3d.widgets._atoms import CLASS_COLOURS
from napari_stem3d.widgets.lattice import LatticeWidget

Finish = Callable[[Any], None]


@pytest.fixture
def panel(make_napari_viewer: Any) -> LatticeWidget:
    viewer = make_napari_viewer()
    _, panel = viewer.window.add_plugin_dock_widget("napari-stem3d", "Generate lattice")
    panel.preview.live.value = False
    panel.images.fill({"size": (96, 64), "frames": 2})
    return panel


@pytest.fixture
def settle(qtbot: Any) -> Finish:
    return lambda panel: qtbot.waitUntil(lambda: not panel.preview.is_busy, timeout=60_000)


def test_an_untouched_form_is_the_default_scene(panel: LatticeWidget) -> None:
    made, default = panel.make(), LatticeScene()
    assert made.lattice == default.lattice and made.defects == default.defects
    assert made.microscope == default.microscope
    assert made.grid.sampling == default.grid.sampling


def test_the_truth_is_points_in_the_colours_of_their_classes(
    panel: LatticeWidget, finish: Finish
) -> None:
    """SIM-22: positions, species and defect classes are there to be seen and saved."""
    panel.lattice.fill({"structure": "WS2"})
    panel.defects.fill(
        {"vacancies": 2.0, "substitutions": 1.0, "replaced": "W", "substitute": "Mo"}
    )
    panel.generate()
    finish(panel)
    image, points = panel.viewer.layers
    expected = panel.dataset()[1]
    assert (image.name, points.name) == ("simulated WS2", "simulated WS2 truth")
    np.testing.assert_array_equal(image.data[1], expected.image)
    second = points.data[:, 0] == 1
    np.testing.assert_allclose(points.data[second, 1:], expected.positions, atol=1e-4)
    features = points.features[second]
    assert features["class"].tolist() == [row["class"] for row in expected.truth()]
    assert features["element"].tolist() == [row["element"] for row in expected.truth()]
    assert {"vacancy", "substitution", "perfect"} <= set(points.features["class"])
    assert points.scale.tolist() == image.scale.tolist() == [1.0, 0.02, 0.02]
    assert points.units == image.units
    for kind, colour in zip(points.features["class"], points.border_color):
        assert colour == pytest.approx(_rgba(CLASS_COLOURS[kind]), abs=0.01)
    for kind in ("perfect", "vacancy", "substitution"):
        assert f"{kind}</td>" in panel.summary.text()


def _rgba(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1.0]


def test_previews_are_the_first_image(panel: LatticeWidget, settle: Finish) -> None:
    panel.preview.ask()
    settle(panel)
    (layer,) = panel.viewer.layers
    np.testing.assert_array_equal(layer.data, panel.dataset()[0].image)
    assert "electrons per pixel" in panel.preview.facts.text()


def test_random_poses_differ(panel: LatticeWidget) -> None:
    assert panel.dataset()[0].sites.sites.shape == panel.dataset()[1].sites.sites.shape
    panel.random.value = True
    first, second = (panel.dataset()[i].positions for i in range(2))
    assert first.shape != second.shape or not np.allclose(first, second)


def test_microscopes_come_from_menu_and_file(
    panel: LatticeWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, known in {**ATOMIC, **PRESETS}.items():
        panel.microscope.preset.value = name
        assert panel.make().microscope == known
    path = tmp_path / "microscope.toml"
    write_settings(path, ATOMIC["60 kV"])
    dialog = "napari_stem3d.widgets._files.QFileDialog.getOpenFileName"
    monkeypatch.setattr(dialog, lambda *_: (str(path), ""))
    panel.load_microscope()
    assert panel.make().microscope == ATOMIC["60 kV"]
    assert panel.microscope.preset.value == "60 kV"


@pytest.mark.parametrize(
    ("form", "values", "sentence"),
    [
        ("lattice", {"structure": "unobtainium"}, "structure must be"),
        ("lattice", {"structure": "missing.cif"}, "structure must name a file"),
        ("lattice", {"zone": "11x"}, "zone must be"),
        ("defects", {"adatom": "Xx"}, "Defects.adatom must be the symbol"),
        ("defects", {"substitutions": 1.0}, "Defects.substitute must name the element"),
        ("defects", {"vacancies": 1000.0}, "Defects.vacancies must find perfect sites"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    panel: LatticeWidget,
    form: str,
    values: dict[str, Any],
    sentence: str,
    notes: list[str],
    settle: Finish,
    finish: Finish,
) -> None:
    getattr(panel, form).fill(values)
    panel.preview.ask()
    settle(panel)
    panel._act(panel.generate)
    finish(panel)
    assert len(notes) == 2, notes
    assert all(note.startswith(sentence) and "Received: " in note for note in notes), notes
    assert len(panel.viewer.layers) == 0
