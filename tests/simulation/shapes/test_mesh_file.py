"""SIM-01: any closed surface from a file is a shape; what encloses no body is refused."""

from __future__ import annotations

import dataclasses
import multiprocessing
import pickle
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Cuboid, Grid, MeshShape, Particle, project, random_rotation

trimesh = pytest.importorskip("trimesh")


@pytest.fixture
def box(tmp_path: Path) -> str:
    """A box of 1 x 2 x 2 units, off its origin."""
    file = tmp_path / "box.stl"
    made = trimesh.creation.box((1, 2, 2))
    made.apply_translation((5, -3, 1))
    made.export(file)
    return str(file)


@pytest.mark.parametrize("ending", ["stl", "obj", "ply"])
def test_a_box_from_a_file_is_the_box(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"box.{ending}"
    made = trimesh.creation.box((1, 2, 2))
    made.apply_translation((5, -3, 1))
    made.export(file)
    shape = MeshShape(str(file), diameter=9.0)
    assert shape.volume == pytest.approx(3 * 6 * 6)
    assert shape.radius == 4.5
    grid, pose = Grid((90, 80), (0.12, 0.13)), random_rotation(np.random.default_rng(0))
    mesh, exact = (project(Particle(s, grid.centre, pose), grid) for s in (shape, Cuboid(3, 6, 6)))
    np.testing.assert_allclose(mesh, exact, atol=1e-4)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_the_unit_of_the_file_does_not_matter(tmp_path: Path, scale: float) -> None:
    ball = trimesh.creation.icosphere(3)
    ball.apply_scale(scale)
    ball.export(tmp_path / "ball.ply")
    shape = MeshShape(str(tmp_path / "ball.ply"), diameter=2.0)
    assert shape.volume == pytest.approx(4 / 3 * np.pi, rel=0.02)


def test_it_is_a_value_that_can_be_written_down(box: str) -> None:
    shape = MeshShape(box, 12.0)
    assert MeshShape(**tomllib.loads(tomli_w.dumps(dataclasses.asdict(shape)))) == shape
    assert len({shape, MeshShape(box, 12.0), MeshShape(box, 13.0)}) == 2


def test_it_travels_without_its_file(box: str) -> None:
    content = pickle.dumps(MeshShape(box, 9.0))
    Path(box).unlink()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_volume, (content,)) == pytest.approx(108)


def _volume(content: bytes) -> float:
    return pickle.loads(content).volume


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "shape.stl"
    trimesh.creation.box().export(file)
    assert len(MeshShape(str(file)).mesh()[1]) == 12
    trimesh.creation.icosphere(1).export(file)
    assert len(MeshShape(str(file)).mesh()[1]) == 80


def test_shells_inside_out_are_cavities(tmp_path: Path) -> None:
    hole = trimesh.creation.icosphere(2, radius=0.5)
    hole.invert()
    trimesh.util.concatenate([trimesh.creation.icosphere(2), hole]).export(tmp_path / "shell.ply")
    shape = MeshShape(str(tmp_path / "shell.ply"), 2.0)
    whole = trimesh.creation.icosphere(2).volume
    assert shape.volume == pytest.approx(whole * 7 / 8)


def _broken(name: str):
    made = trimesh.creation.box()
    if name == "holes":
        made.update_faces(np.arange(12) > 0)
    if name == "partly":
        made.faces[0] = made.faces[0][::-1]
    if name == "inverted":
        made.invert()
    if name == "infinite":
        made.vertices[0] = np.nan
    if name == "flat":
        made.vertices[:, 2] = 0
    return made


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("holes", "is not watertight: two triangles must meet at every edge"),
        ("partly", "is partly inside out"),
        ("inverted", "is inside out: its triangles run clockwise seen from outside"),
        ("infinite", "has vertices that are not finite"),
        ("flat", "encloses no volume"),
    ],
)
def test_what_encloses_no_body_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    _broken(name).export(tmp_path / "broken.ply")
    with pytest.raises(InputError, match=f"closed surface. Received: .*, which {reason}"):
        MeshShape(str(tmp_path / "broken.ply"))


@pytest.mark.parametrize("content", [b"", b"ply\nnonsense", b"solid x\nendsolid x"])
@pytest.mark.parametrize("ending", ["stl", "obj", "ply"])
def test_files_that_hold_no_mesh_are_refused(tmp_path: Path, content: bytes, ending: str) -> None:
    (tmp_path / f"x.{ending}").write_bytes(content)
    with pytest.raises(InputError, match=r"which (cannot be read|has no triangles)"):
        MeshShape(str(tmp_path / f"x.{ending}"))


@pytest.mark.parametrize("path", ["", "no_such.stl", "cat.glb", "."])
def test_paths_that_lead_nowhere_are_refused(path: str) -> None:
    with pytest.raises(InputError, match=r"MeshShape\.path must name a file that ends in .stl"):
        _ = MeshShape(path).body


def test_a_missing_file_is_said_to_be_missing() -> None:
    with pytest.raises(InputError, match=r"Received: 'no_such\.stl', which does not exist"):
        MeshShape("no_such.stl")


def test_a_missing_trimesh_is_named_with_the_way_to_install_it(
    box: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(InputError, match=r"needs trimesh, which `pip install napari-stem3d\[mesh"):
        MeshShape(box)
