"""The registry with the real built-ins and real packages, good and broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from napari_stem3d import plugins
from napari_stem3d._errors import InputError
from napari_stem3d.plugins import PluginWarning, registry

Write = Callable[..., Path]

RING = """
    from dataclasses import dataclass
    from typing import ClassVar

    from napari_stem3d.plugins import NetworkSpec, hookimpl

    @dataclass(frozen=True)
    class Ring:
        name: ClassVar[str] = "{name}"

    @hookimpl
    def {hook}():
        return [Ring]
"""
GOOD = RING.format(name="ring", hook="register_shapes")
MISSPELT = RING.format(name="ring", hook="register_shape")
DUPLICATE = RING.format(name="sphere", hook="register_shapes")
FAILING = RING.format(name="ring", hook="register_shapes").replace("[Ring]", "[Rong]")

SHAPES = (
    "sphere ellipsoid cuboid tetrahedron square_pyramid cone cylinder octahedron hexagonal_prism "
    "rod truncated_octahedron decahedron icosahedron helix mesh"
).split()


def test_built_ins_come_in_first_and_are_ours(write_plugin: Write) -> None:
    write_plugin("stem3d-aaa", GOOD)
    assert list(registry().shapes)[: len(SHAPES)] == SHAPES
    assert list(registry().shapes)[-1] == "ring"
    assert registry().owners["shape", "sphere"] == "napari-stem3d"
    assert registry().owners["network", "particle-unet"] == "napari-stem3d"
    assert "cut_corners" in registry().deformations


def test_the_registry_is_built_once_also_by_many_threads(write_plugin: Write) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: registry(), range(32)))
    assert len({id(each) for each in found}) == 1
    plugins.reset()
    assert registry() is not found[0]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemExit('goodbye')", "SystemExit: goodbye"),
        ("def half(:", "SyntaxError: "),
        (MISSPELT, "there is no hook 'register_shape': did you mean 'register_shapes'?"),
        (FAILING, "NameError: name 'Rong' is not defined"),
        (DUPLICATE, "'sphere' that stem3d-bad registers is already registered by napari-stem3d"),
    ],
)
def test_a_bad_plugin_is_refused_by_name_and_costs_nothing_else(
    write_plugin: Write, code: str, reason: str
) -> None:
    write_plugin("stem3d-bad", code)
    write_plugin("stem3d-good", GOOD)
    with pytest.warns(PluginWarning) as warned:
        found = registry()
    about = [str(each.message) for each in warned if "stem3d-bad" in str(each.message)]
    assert len(about) == 1 and reason in about[0]
    (refusal,) = (each for each in found.refused if each.plugin == "stem3d-bad")
    assert reason in refusal.reason and refusal.version == "1.5"
    assert "stem3d-bad" not in found.owners.values()
    assert [*SHAPES, "ring"] == [each for each in found.shapes if each in {*SHAPES, "ring"}]
    assert found.owners["shape", "ring"] == "stem3d-good"


def test_the_second_of_two_strangers_with_one_name_is_refused(write_plugin: Write) -> None:
    write_plugin("stem3d-one", GOOD)
    write_plugin("stem3d-two", GOOD)
    with pytest.warns(PluginWarning, match="'ring' that stem3d-two .* registered by stem3d-one"):
        assert registry().owners["shape", "ring"] == "stem3d-one"


@pytest.mark.parametrize(
    ("entry", "owner"),
    [("Stem3D_Good", "stem3d-good"), ("extra", "stem3d-good:extra")],
)
def test_the_owner_is_the_package_and_the_entry_where_that_has_another_name(
    write_plugin: Write, entry: str, owner: str
) -> None:
    write_plugin("stem3d-good", GOOD, entry=entry)
    assert registry().owners["shape", "ring"] == owner


def test_rows_tell_who_brought_what_and_who_was_refused(write_plugin: Write) -> None:
    write_plugin("stem3d-good", GOOD)
    write_plugin("stem3d-bad", MISSPELT)
    with pytest.warns(PluginWarning):
        rows = {row["plugin"]: row for row in registry().rows()}
    assert next(iter(rows)) == "napari-stem3d"
    assert rows["napari-stem3d"]["shapes"] == SHAPES
    assert rows["stem3d-good"] == {
        "plugin": "stem3d-good",
        "version": "1.5",
        "status": "ok",
        "shapes": ["ring"],
        "deformations": [],
        "networks": [],
        "reason": "",
    }
    assert rows["stem3d-bad"]["status"] == "refused"
    assert rows["stem3d-bad"]["shapes"] == []
    assert "register_shape'" in rows["stem3d-bad"]["reason"]


def test_things_are_found_by_name(write_plugin: Write) -> None:
    assert plugins.get_shape("cuboid").name == "cuboid"
    assert plugins.get_deformation("cut_corners").name == "cut_corners"
    assert plugins.get_network("particle-unet").task == "segmentation"


def test_an_unknown_name_gets_the_known_ones_and_the_refused_plugins(write_plugin: Write) -> None:
    write_plugin("stem3d-bad", MISSPELT)
    message = "no shape .* sphere, ellipsoid.*Refused .*stem3d-bad.*Received: 'ring'"
    with pytest.warns(PluginWarning), pytest.raises(InputError, match=message):
        plugins.get_shape("ring")


def test_the_hooks_alone_load_no_numerical_library() -> None:
    code = (
        "import sys, napari_stem3d.plugins as p\n"
        "heavy = {'numpy', 'scipy', 'keras', 'tensorflow', 'napari', 'hyperspy', 'qtpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "p.registry()\n"
        "heavy -= {'numpy', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
