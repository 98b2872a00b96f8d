from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_stem3d.cli.classify import read_tables, write_tables
from napari_stem3d.networks.contracts import CLASSES
from napari_stem3d.signals import load

pytestmark = pytest.mark.tensorflow

COLUMNS = (
    "frame particle y x shape shape_probability deformed deformed_probability "
    "corners corners_probability arrangement arrangement_axes"
).split()


@pytest.fixture(scope="module")
def table(tmp_path_factory, stack_file, networks):
    from typer.testing import CliRunner

    from napari_stem3d.cli._app import app

    out = tmp_path_factory.mktemp("classes") / "classes.csv"
    call = ["classify", stack_file, "--out", out, "--network", networks.classification]
    call += ["--segmentation", networks.segmentation]
    result = CliRunner().invoke(app, list(map(str, call)))
    assert result.exit_code == 0, result.stderr
    return pd.read_csv(out, keep_default_na=False, dtype={"deformed": str})


def test_the_columns_are_those_that_scripts_rely_on(table):
    assert list(table.columns[:12]) == COLUMNS
    assert all(name.startswith("p_") for name in table.columns[12:])
    assert set(table["deformed"]) <= {"true", "false"}


def test_one_row_per_particle_of_every_frame(table, stem3d, stack_file, networks, tmp_path):
    out = tmp_path / "labels.npz"
    stem3d("segment", stack_file, "--out", out, "--network", networks.segmentation)
    labels = load(out)[0].data
    for frame, rows in table.groupby("frame"):
        assert list(rows["particle"]) == sorted(set(np.unique(labels[frame])) - {0})
    assert sorted(table["particle"]) == list(range(1, labels.max() + 1))


def test_probabilities_of_the_shapes_add_up(table):
    shapes = [name for name in table if name.removeprefix("p_") in CLASSES]
    np.testing.assert_allclose(table[shapes].sum(axis=1), 1, rtol=1e-4)
    best = table[shapes].idxmax(axis=1).str.removeprefix("p_")
    assert list(best) == list(table["shape"])


def test_tables_survive_an_interruption(tmp_path):
    rows = {"particle": [1, 2], "y": [0.1, 1 / 3], "deformed": [True, False]}
    first = pd.DataFrame({"frame": 0, **rows, "arrangement": ["", "edge"]})
    empty = first.iloc[:0]
    third = first.assign(frame=2, particle=[3, 4])
    write_tables([first, empty, third], tmp_path / "a.csv")
    frames = read_tables(tmp_path / "a.csv", 3)
    assert [len(frame) for frame in frames] == [2, 0, 2]
    write_tables(frames, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert "0,1,0.1,true,\n" in (tmp_path / "a.csv").read_text()


def test_frames_without_particles_give_a_table_without_rows(tmp_path):
    empty = pd.DataFrame({"frame": [], "particle": [], "deformed": []})
    write_tables([empty, empty], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "frame,particle,deformed\n"
