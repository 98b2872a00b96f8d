"""The contract checks pass for what ships, and fail with the right sentence for what is broken."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import registry
from napari_stem3d.simulation import (
    Body,
    Cuboid,
    Cylinder,
    Deformation,
    Grid,
    Octahedron,
    Particle,
    Piece,
    Polyhedron,
    Shape,
    Sphere,
    Tetrahedron,
    length,
    project,
    quantity,
    switch,
)
from napari_stem3d.testing import check_deformation, check_shape

COUNTER = itertools.count()
FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("name", [n for n in registry().shapes if n != "mesh"])
def test_every_registered_shape_keeps_the_contract(name: str) -> None:
    """SIM-02, SIM-03, P-9: volume, silhouette, slopes, mirror and quaternion of every shape."""
    check_shape(registry().shapes[name])


def test_the_shape_from_a_file_keeps_the_contract(tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    trimesh.creation.torus(3, 1).export(tmp_path / "torus.stl")
    check_shape(registry().shapes["mesh"], path=str(tmp_path / "torus.stl"))


@pytest.mark.parametrize("name", registry().deformations)
@pytest.mark.parametrize("shape", [Cuboid(a=8, b=10, c=12), Octahedron(), Cylinder()])
def test_every_registered_deformation_keeps_the_contract(name: str, shape: Shape) -> None:
    """SIM-07: whatever can be wrong with a particle, its thickness adds up to its volume."""
    kind, rng = registry().deformations[name], np.random.default_rng(0)
    try:
        deformation = kind.random(shape, 2, rng)
    except InputError:
        assert not isinstance(shape, Polyhedron)
        return
    check_deformation(deformation, shape, poses=2)


def stranger(base: type, **changes: Any) -> type:
    """Return a frozen dataclass below a good shape, with one promise broken."""
    annotations = changes.pop("annotations", {})
    return dataclass(frozen=True)(
        type("Stranger", (base,), {"__annotations__": annotations} | changes)
    )


def tetrahedral_mesh(faces: list[list[int]]) -> Any:
    vertices = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float)
    return lambda self: (vertices * self.diameter / 4, np.array(faces))


def ripple(self: Sphere) -> float:
    """Right within 0.4 %, with a slope that is not."""
    return np.pi * self.diameter**3 / 6 * (1 + 0.004 * np.sin(100 * np.log(self.diameter / 10)))


CLOSED = [[0, 1, 2], [0, 2, 3], [0, 3, 1], [1, 3, 2]]
INWARD = [face[::-1] for face in CLOSED]
MESH = {"quadric": lambda self: None, "volume": property(lambda self: self.body.volume)}
RELATIVE = {"unit": "nm", "min": 1, "max": 9, "doc": "edge", "relative": (1, 0.5)}


@pytest.mark.parametrize(
    ("shape_class", "sentence"),
    [
        (Body, "Body must subclass Shape"),
        (type("Bare", (Shape,), {}), r"must be decorated with @dataclass\(frozen=True\)"),
        (stranger(Sphere, name=" "), "'name' that is a word or more, not ' '"),
        (stranger(Sphere, description=None), "'description' that is a word or more, not None"),
        (
            stranger(Sphere, edge=1.0, annotations={"edge": "float"}),
            r"field 'edge' of Stranger has no 'unit': make it with length\(\)",
        ),
        (
            stranger(Sphere, edge=field(default=2.0, metadata=RELATIVE), annotations={"edge": ""}),
            "field 'edge' of Stranger has an empty range 'relative'",
        ),
        (
            stranger(Sphere, fast=True, annotations={"fast": "bool"}),
            r"field 'fast' of Stranger has no 'doc': make it with switch\(\) or text\(\)",
        ),
        (
            stranger(Sphere, turns=quantity(1, "", 0, 9, "turns"), annotations={"turns": "float"}),
            r"field 'turns' .* has no 'typical', the range to draw it from: give it to quantity",
        ),
        (
            stranger(
                Shape,
                name="a",
                description="b",
                hole=switch(True, "hole"),
                annotations={"hole": "bool"},
            ),
            r"Stranger must have at least one dimension: make it with length\(\)",
        ),
        (stranger(Sphere, __post_init__=lambda self: None), "takes twice its 'max'"),
        (stranger(Sphere, volume=-1.0), "volume of Stranger.* positive number, not -1.0"),
        (stranger(Sphere, volume=1.0), "thickness of Stranger.* its volume is 1 nm³"),
        (stranger(Sphere, radius=property(lambda self: self.diameter / 3)), "adds up to"),
        (
            stranger(Sphere, half_spaces=lambda self: (np.eye(3) * 2, np.ones(3))),
            "normals of Stranger.* must have length 1",
        ),
        (stranger(Sphere, mesh=tetrahedral_mesh(CLOSED)), "a mesh and half_spaces or a quadric"),
        (
            stranger(Sphere, mesh=tetrahedral_mesh(CLOSED[1:]), **MESH),
            "mesh of Stranger.* is not closed",
        ),
        (
            stranger(Sphere, mesh=tetrahedral_mesh(INWARD), **MESH),
            "triangles of Stranger.* must run counter-clockwise",
        ),
        (
            stranger(
                Cuboid,
                half_spaces=lambda self: (
                    Cuboid.half_spaces(self)[0],
                    Cuboid.half_spaces(self)[1] * np.array([0.5, 1, 1, 1, 1, 1]),
                ),
            ),
            "origin of Stranger.* must be its centre of mass",
        ),
        (
            stranger(Sphere, idle=length(3.0, "of no use"), annotations={"idle": "float"}),
            "field 'idle' of Stranger has no effect on its body",
        ),
        (
            stranger(Sphere, volume=property(ripple)),
            r"volume of Stranger.* changes by .* and its thickness by .* where 'diameter' changes",
        ),
        (stranger(Sphere), "cannot be sent to another process: PicklingError"),
    ],
)
def test_a_broken_shape_gets_its_sentence(shape_class: type[Shape], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_shape(shape_class)


def test_a_projector_that_favours_one_side_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(particle: Particle, grid: Grid) -> np.ndarray:
        return np.roll(project(particle, grid), 2, axis=0)

    monkeypatch.setattr("napari_stem3d.testing._images.project", shifted)
    roomy = stranger(Cuboid, radius=property(lambda self: self.a + self.b + self.c))
    with pytest.raises(AssertionError, match="not the same from the front and from behind"):
        check_shape(roomy)


def test_a_projector_that_minds_the_sign_of_the_quaternion_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def minding(particle: Particle, grid: Grid) -> np.ndarray:
        sign = np.sign(particle.rotation.as_quat()[3])
        return project(particle, grid) * np.float32(1 + 1e-4 * sign)

    monkeypatch.setattr("napari_stem3d.testing._images.project", minding)
    # A particle gives its quaternion one sign, before the projector can mind.
    monkeypatch.setattr(
        "napari_stem3d.simulation.scenes.particle.canonical", lambda rotation: rotation
    )
    with pytest.raises(AssertionError, match="changes with the sign of the quaternion"):
        check_shape(Tetrahedron)


def test_a_projector_with_fringes_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same volume on a larger silhouette."""

    def fringed(particle: Particle, grid: Grid) -> np.ndarray:
        image = project(particle, grid)
        return (image + np.roll(image, 1, 0) + np.roll(image, -1, 0)) / np.float32(3)

    monkeypatch.setattr("napari_stem3d.testing._images.project", fringed)
    roomy = stranger(
        Sphere,
        radius=property(lambda self: 0.7 * self.diameter),
        quadric=lambda self: np.diag([1.0, 1.0, 1.0, -(self.diameter**2) / 4]),
    )
    with pytest.raises(AssertionError, match=r"mean silhouette of .* quarter of its surface"):
        check_shape(roomy)


@dataclass(frozen=True)
class Halving(Deformation):
    """Half of a cuboid, good unless told otherwise."""

    name: ClassVar[str] = "halving"
    description: ClassVar[str] = "cut in two"

    fault: str = ""
    drift: list[float] = field(default_factory=lambda: [0.0], compare=False)

    def apply(self, shape: Shape, body: Body) -> Body:
        plane = Piece(np.array([[0.0, 0.0, 1.0]]), np.zeros(1))
        if self.fault == "nothing":
            return body
        if self.fault == "image":
            return np.zeros((2, 2))  # type: ignore[return-value]
        if self.fault == "overwrite":
            body.pieces[0][1].offsets[:] /= 2
        if self.fault == "drift":
            self.drift[0] += 0.1
            plane.offsets[:] = self.drift
        if self.fault == "forget":
            return shape.body.cut(plane)
        if self.fault == "grow":
            piece = body.pieces[0][1]
            return Body(((1.0, replace(piece, offsets=piece.offsets * 2)),), body.radius)
        return body.cut(plane)


def test_a_good_deformation_passes() -> None:
    check_deformation(Halving(), Cuboid())


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("nothing", "leaves Cuboid.* as it was"),
        ("image", "must return a Body, not array"),
        ("overwrite", "must return a new Body and leave the one it is given alone"),
        ("drift", "must give the same body every time"),
        ("grow", "adds up to .* and its volume is"),
        ("forget", "must deform the body it is given, and forgets what came before"),
    ],
)
def test_a_broken_deformation_gets_its_sentence(fault: str, sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_deformation(Halving(fault), Cuboid())


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda cls, shape, count, rng: None, r"random must return a Halving, not None"),
        (lambda cls, shape, count, rng: cls(drift=[0.0], fault=str(next(COUNTER))),
         r"random must take all its chances from the rng"),
    ],
)  # fmt: skip
def test_a_deformation_drawn_otherwise_gets_its_sentence(
    monkeypatch: pytest.MonkeyPatch, draw: Any, sentence: str
) -> None:
    monkeypatch.setattr(Halving, "random", classmethod(draw))
    with pytest.raises(AssertionError, match=sentence):
        check_deformation(Halving(), Cuboid())


def test_a_deformation_that_cannot_travel_is_found_out() -> None:
    with pytest.raises(AssertionError, match="cannot be sent to another process"):
        check_deformation(stranger(Halving)(), Cuboid())


def test_a_deformation_that_is_none_is_refused() -> None:
    with pytest.raises(AssertionError, match="Cuboid must subclass Deformation"):
        check_deformation(Cuboid(), Cuboid())  # type: ignore[arg-type]


# Keras runs in a child: TensorFlow in the process of the viewer tests would crash their OpenGL.
CHILD = """
import json, sys
from napari_stem3d.plugins import NetworkSpec, registry
from napari_stem3d.testing import check_network, check_recipe

sentences = {}
specs = [NetworkSpec(*arguments) for arguments in json.loads(sys.argv[1])]
# Backbones are large; tests/networks/test_backbones.py checks the smallest of them.
own = [spec for spec in registry().networks.values() if spec.task != "backbone"]
for spec in [*specs, *own]:
    try:
        (check_recipe if spec.name.isupper() else check_network)(spec)
    except AssertionError as error:
        sentences[spec.name] = str(error)
    else:
        sentences[spec.name] = "passes"
print(json.dumps(sentences))
"""

NETWORKS = {
    "good": "passes",
    "missing": "cannot be imported",
    "with_argument": "The argument 'filters' of broken_networks:build_with_argument must have a",
    "writing": "writes files while it is built: graph.txt",
    "nothing": "must return a keras.Model: None",
    "fixed_size": "must take an input of shape (None, None, None, 1) for segmentation",
    "shrinking": "must give 'regions' with the shape (2, 64, 96, 3), and gives (2, 62, 94, 3)",
    "headless": "must give 'thickness', and gives regions",
    "scores": "must give probabilities in 'regions'",
    "infinite": "gives values in 'regions' that are not finite",
    "lambda": "cannot be loaded from a file in safe mode",
    "unregistered": "cannot be loaded from a file in safe mode",
    "forgetful": "gives other values after it was saved and loaded",
    "weightless": "promises weights that are missing: napari_stem3d:no_such_file.keras",
}
RECIPES = {
    "NOT_A_RECIPE": "must be a Recipe of napari_stem3d.tasks.recipes. Received: dict",
    "HEADLESS": "must have an output for every loss, corners, and has regions, thickness",
    "WEIGHTLESS": "must have a loss weight for every loss, regions, and has ",
    "MOODY": "gives other samples when the same batch is asked for again",
    "UNFIT": "does not learn",
}


@pytest.fixture(scope="module")
def sentences() -> dict[str, str]:
    """What `check_network` says of every network, by name."""
    specs = [[name, "segmentation", f"broken_networks:build_{name}"] for name in NETWORKS]
    specs[-1] = ["weightless", "segmentation", "broken_networks:build_good"]
    specs[-1].append("napari_stem3d:no_such_file.keras")
    for name in RECIPES:
        recipe = f"broken_networks:{name}"
        specs.append([name, "segmentation", "broken_networks:build_good", None, "", recipe])
    child = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(specs)],
        env=os.environ | {"PYTHONPATH": str(FIXTURES)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", [*NETWORKS, *RECIPES])
def test_a_network_gets_its_sentence(sentences: dict[str, str], name: str) -> None:
    assert (NETWORKS | RECIPES)[name] in sentences[name]


@pytest.mark.parametrize(
    "name", [n for n, spec in registry().networks.items() if spec.task != "backbone"]
)
def test_every_registered_network_keeps_the_contract(sentences: dict[str, str], name: str) -> None:
    assert sentences[name] == "passes"
