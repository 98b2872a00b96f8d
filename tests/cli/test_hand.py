from __future__ import annotations

import json

import numpy as np
import pytest

from napari_stem3d.signals import Axis, Stack, save

CALL = "simulate --shape helix --dimension left_handed=yes --movie --motion-step 30"
SERIES = "--motion-axis x --frames 2 --size 80 --sampling 0.25 --seed 3 --particles 1"


@pytest.fixture(scope="module")
def helix_file(tmp_path_factory):
    """A left-handed helix, turned by 30° about x between two frames."""
    from typer.testing import CliRunner

    from napari_stem3d.cli._app import app

    path = tmp_path_factory.mktemp("hand") / "helix.hspy"
    done = CliRunner().invoke(app, [*CALL.split(), *SERIES.split(), "--out", str(path)])
    assert done.exit_code == 0, done.output
    return path


def test_the_hand_of_a_series_of_frames(stem3d, helix_file):
    done = stem3d("hand", helix_file, "--tilts", "-15,15", "--spread", 0, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["hand"] == "left-handed"
    assert told["probabilities"]["left-handed"] > 0.99


def test_without_tilts_it_is_not_identifiable(stem3d, helix_file):
    done = stem3d("hand", helix_file)
    assert done.exit_code == 0
    assert "not identifiable from one projection" in done.stdout
    assert "--tilts" in done.stderr


def test_wrong_words_are_named(stem3d, helix_file, tmp_path):
    for arguments, words in (
        (("--tilts", "15"), "2 numbers"),
        (("--tilts", "a,b"), "--tilts must be a number"),
        (("--betas", "1,2"), "--tilts"),
        (("--dimension", "edge=3"), "diameter"),
        (("--shape", "nothing"), "nothing"),
    ):
        done = stem3d("hand", helix_file, *arguments)
        assert (done.exit_code, "Traceback" in done.stderr) == (1, False)
        assert words in done.stderr
    bare = tmp_path / "bare.npz"
    save(Stack(np.random.default_rng(0).random((9, 9)), (Axis("y"), Axis("x")), "bare"), bare)
    assert "--sampling" in stem3d("hand", bare, "--tilts", "1").stderr
