from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points

from napari_stem3d._errors import InputError
from napari_stem3d.signals import Axis, Stack, from_layer, load, to_layer_data

AXES = (Axis("t", 0.8, 1.5, "s"), Axis("y", 0.5, -3.0, "nm"), Axis("x", 0.25, 7.0, "µm"))


def stack(axes=AXES, lazy=False):
    data = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    return Stack(
        da.from_array(data) if lazy else data,
        axes,
        title="gold",
        metadata={"Signal": {"signal_origin": "simulation"}},
        original_metadata={"Tag": 1},
        notes=("A note.",),
    )


def layer_of(stack, layer_type="image", **options):
    return Layer.create(*to_layer_data(stack, layer_type, **options))


def test_layer_is_calibrated():
    layer = layer_of(stack())
    assert isinstance(layer, Image)
    assert layer.name == "gold"
    assert tuple(layer.scale) == (0.8, 0.5, 0.25)
    assert tuple(layer.translate) == (1.5, -3.0, 7.0)
    assert [f"{unit:~}" for unit in layer.units] == ["s", "nm", "µm"]
    assert layer.axis_labels == ("t", "y", "x")


@pytest.mark.parametrize("units", ["", "nm", "µm", "um", "Å", "pm", "m"])
@pytest.mark.parametrize("frame_units", ["", "s", "A", "°C", "deg", "V"])
def test_napari_accepts_the_units(units, frame_units):
    axes = (Axis("t", units=frame_units), Axis("y", units=units), Axis("x", units=units))
    layer = layer_of(stack(axes))
    assert from_layer(layer).axes == axes
    layer.metadata.clear()
    assert from_layer(layer).sampling_nm == (
        pytest.approx(stack(axes).sampling_nm) if units else None
    )


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("layer_type", ["image", "labels"])
def test_round_trip_is_lossless(layer_type, lazy):
    given = stack(lazy=lazy)
    if layer_type == "labels":
        given = replace(given, data=given.data.astype(np.int32))
    back = from_layer(layer_of(given, layer_type))
    assert back.data is given.data
    for name in ("axes", "title", "metadata", "original_metadata", "notes", "path"):
        assert getattr(back, name) == getattr(given, name)


def test_options_win():
    labels = replace(stack(), data=np.zeros((3, 4, 5), np.int32))
    layer = layer_of(labels, "labels", name="gold [particle-unet] labels", opacity=0.4)
    assert isinstance(layer, Labels)
    assert layer.name == "gold [particle-unet] labels"
    assert layer.opacity == 0.4


def test_image_and_labels_share_a_scale_bar():
    viewer = ViewerModel()
    given = stack(axes=(Axis("frame"), *(replace(axis, units="nm") for axis in AXES[1:])))
    viewer.add_layer(layer_of(given))
    viewer.add_layer(layer_of(replace(given, data=np.zeros((3, 4, 5), np.int32)), "labels"))
    assert viewer.layers.extent.units is not None
    assert [str(unit) for unit in viewer.layers.extent.units] == ["pixel", "nanometer", "nanometer"]


def test_calibration_by_hand_is_respected():
    layer = layer_of(stack())
    layer.scale = (0.8, 0.1, 0.1)
    layer.units = ("s", "nm", "nm")
    back = from_layer(layer)
    assert back.sampling_nm == (0.1, 0.1)
    assert [axis.name for axis in back.axes] == ["t", "y", "x"]
    assert back.metadata == {"Signal": {"signal_origin": "simulation"}}


def test_layer_of_anybody():
    back = from_layer(Image(np.zeros((3, 4, 5)), name="photo", scale=(1, 2, 3)))
    assert back.axes == (Axis("frame", 1), Axis("y", 2), Axis("x", 3))
    assert back.title == "photo"
    assert not back.calibrated


def test_half_calibrated_image_is_not_stretched():
    layer = layer_of(stack(axes=(Axis("t"), Axis("y", 0.5, 3, "nm"), Axis("x", 1.0, 2))))
    assert tuple(layer.scale[1:]) == (1, 1)
    assert [str(unit) for unit in layer.units] == ["pixel"] * 3


def test_full_resolution_of_a_pyramid():
    data = np.zeros((8, 8))
    assert from_layer(Image([data, data[::2, ::2]], multiscale=True)).data.shape == (8, 8)


@pytest.mark.parametrize(
    ("layer", "received"),
    [
        (Image(np.zeros((4, 5, 3)), rgb=True, name="photo"), "colour picture"),
        (Points(np.zeros((4, 2)), name="photo"), "points"),
    ],
)
def test_layers_that_are_no_images(layer, received):
    with pytest.raises(InputError, match=f"layer 'photo' .*Received: {received}"):
        from_layer(layer)


@pytest.mark.parametrize("name", ["haadf/sio2_spheres_haadf.hspy", "atoms/abf_movie.hspy"])
def test_real_data_in_a_viewer(shared_data, name):
    (given,) = load(shared_data / name, lazy=True)
    viewer = ViewerModel()
    viewer.add_layer(layer_of(given))
    (layer,) = viewer.layers
    assert isinstance(layer.data, da.Array)
    assert {str(unit) for unit in layer.units[-2:]} <= {"nanometer", "micrometer"}
    assert from_layer(layer).sampling_nm == given.sampling_nm
