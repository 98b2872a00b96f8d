from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d.networks import store
from napari_stem3d.tasks import training as entry
from napari_stem3d.tasks.recipes import RECIPES

NAME = "particle-classes"


@pytest.mark.tensorflow
@pytest.mark.slow
def test_the_command_leaves_a_network_that_can_be_loaded(tmp_path: Path, monkeypatch) -> None:
    from napari_stem3d.networks import classifiers, training

    small = partial(classifiers.build_particle_classifier, widths=(8, 8, 8))
    monkeypatch.setattr(classifiers, "build_particle_classifier", small)
    monkeypatch.setattr(training, "STEPS_PER_EPOCH", 2)
    monkeypatch.setattr(training, "_SETTLING", 1)
    monkeypatch.setitem(RECIPES, NAME, replace(RECIPES[NAME], rounds=((2, 1e-3), (4, 1e-4))))
    out = tmp_path / "net.keras"
    entry.main([NAME, "--folder", str(tmp_path), "--out", str(out)])
    network = store.load(str(out))
    assert network.card["task"] == "classification"
    assert network.card["training"] == {"samples": 6 * 64, "batch": 64}
    output = network.model(np.zeros((1, 64, 64, 2), np.float32))
    assert set(output) == set(RECIPES[NAME].loss)
    for number, epochs in ((1, 1), (2, 2)):
        history = (tmp_path / f"{NAME}-{number}" / "history.csv").read_text()
        assert len(history.splitlines()) == 1 + epochs  # below the names of the columns


def test_unknown_networks_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        entry.main(["particle-uent"])
    assert "particle-unet" in capsys.readouterr().err
