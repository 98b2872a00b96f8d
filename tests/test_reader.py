import dask.array as da
import hyperspy.api as hs
import numpy as np
import pytest
from napari.layers import Image, Layer

from napari_stem3d._errors import InputError
from napari_stem3d.reader import ENDINGS, get_reader


@pytest.mark.parametrize("ending", ENDINGS)
def test_microscope_files_are_ours(ending):
    assert get_reader(f"image{ending}") is not None
    assert get_reader(f"IMAGE{ending.upper()}") is not None


@pytest.mark.parametrize("name", ["image.tif", "data.h5", "photo.png", "dm3", ["a.dm3", "b.tif"]])
def test_other_files_are_left_to_others(name):
    assert get_reader(name) is None


def test_hyperspy_knows_every_ending():
    from rsciio import IO_PLUGINS

    known = {f".{ending}" for plugin in IO_PLUGINS for ending in plugin["file_extensions"]}
    assert set(ENDINGS) <= known


def test_lazy_calibrated_layers(shared_data):
    path = str(shared_data / "vendor" / "velox_tem_stack.emd")
    ((data, options, kind),) = get_reader(path)(path)
    assert isinstance(data, da.Array)
    assert kind == "image"
    layer = Layer.create(data, options, kind)
    assert isinstance(layer, Image)
    assert [f"{unit:~}" for unit in layer.units] == ["s", "pm", "pm"]
    assert layer.axis_labels == ("Time", "y", "x")
    assert layer.name == "Ceta"
    assert layer.metadata["stem3d"]["path"] == path


def test_several_files_at_once(shared_data):
    paths = [str(shared_data / "vendor" / name) for name in ("stem_image.dm3", "haadf_scan.mrc")]
    layers = get_reader(paths)(paths)
    assert [options["name"] for _, options, _ in layers] == ["test_STEM_image", "haadf_scan"]


def test_refusal_reaches_the_user(shared_data):
    path = str(shared_data / "vendor" / "blockfile.blo")
    with pytest.raises(InputError, match="4D-STEM"):
        get_reader(path)(path)


def test_notes_are_shown(tmp_path):
    from napari.utils.notifications import notification_manager

    path = tmp_path / "image.hspy"
    signal = hs.signals.Signal2D(np.ones((4, 5)))
    signal.axes_manager[0].units = "bananas"
    signal.save(path)
    shown = []
    notify = notification_manager.notification_ready.connect(lambda note: shown.append(note))
    get_reader(str(path))(str(path))
    notification_manager.notification_ready.disconnect(notify)
    assert ["bananas" in note.message for note in shown] == [True]
