from __future__ import annotations

import pytest

from napari_stem3d import InputError
from napari_stem3d.cli.view import fill


@pytest.mark.gui
def test_the_files_are_open_and_the_widgets_docked(make_napari_viewer, stack_file):
    viewer = make_napari_viewer()
    fill(viewer, [stack_file])
    (layer,) = viewer.layers
    assert layer.data.shape == (3, 64, 96)
    assert tuple(layer.scale) == pytest.approx((1, 0.4, 0.2))
    titles = set(viewer.window.dock_widgets)
    assert {"Generate STEM stack", "Segment particles", "Classify particles"} <= {
        title.partition(" (")[0] for title in titles
    }


@pytest.mark.gui
def test_a_missing_file_is_named(make_napari_viewer, tmp_path):
    with pytest.raises(InputError, match=r"missing\.tif does not exist"):
        fill(make_napari_viewer(), [tmp_path / "missing.tif"])
