"""The guide's package: installed as users would, found by its entry point, and used."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "plugins.md"
TORUS = ROOT / "tests" / "fixtures" / "stem3d-torus"

COMMANDS = re.findall(r"^\$ (.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
CALLED = """
from napari_stem3d.plugins import hookimpl

@hookimpl
def {hook}():
    return {items}
"""

Run = Callable[..., str]


@pytest.fixture
def run(torus_site: Path, tmp_path: Path) -> Run:
    """Return a function that runs Python in a folder of its own, with the torus installed."""

    def run(*arguments: str, also: Path | None = None) -> str:
        path = os.pathsep.join(map(str, filter(None, (torus_site, also))))
        child = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        assert child.returncode == 0, child.stderr
        return child.stdout

    return run


def listed(run: Run, what: str, **options: Any) -> dict[str, dict[str, Any]]:
    """Return the rows that the command line lists, by their first column."""
    rows = json.loads(run("-m", "napari_stem3d.cli", what, "--json", **options))
    return {next(iter(row.values())): row for row in rows}


def test_everything_it_brings_is_listed_with_its_owner(run: Run) -> None:
    assert listed(run, "shapes")["torus"]["plugin"] == "stem3d-torus"
    assert listed(run, "networks")["torus-pixels"]["plugin"] == "stem3d-torus"
    assert listed(run, "plugins")["stem3d-torus"] == {
        "plugin": "stem3d-torus",
        "version": "1.0.0",
        "status": "ok",
        "shapes": ["torus"],
        "deformations": ["flattened"],
        "networks": ["torus-pixels"],
        "reason": "",
    }


def test_a_simulated_torus_has_its_volume_and_its_hole(run: Run, tmp_path: Path) -> None:
    code = """
        import numpy as np
        from napari_stem3d import Grid, Particle, project
        from napari_stem3d.plugins import get_shape
        grid = Grid((200, 240), (0.15, 0.12))
        image = project(Particle(get_shape("torus")(), grid.centre), grid)
        np.savez("image.npz", image=image)
    """
    run("-c", textwrap.dedent(code))
    image = np.load(tmp_path / "image.npz")["image"]
    assert image.sum(dtype=float) * 0.15 * 0.12 == pytest.approx(2 * np.pi**2 * 8 * 9, rel=0.005)
    assert image[100, 120] == 0
    assert image.max() == pytest.approx(6, rel=0.005)


def test_it_stands_in_the_menu_of_the_widget_with_its_form(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    code = """
        from napari.components import ViewerModel
        from qtpy.QtWidgets import QApplication
        app = QApplication([])
        from napari_stem3d.widgets.generate import GenerateWidget
        form = GenerateWidget(ViewerModel()).form
        form.shape.value = "torus"
        print(form.shape.choices[-1], form.make().particle_shape)
    """
    out = run("-c", textwrap.dedent(code))
    assert out.splitlines()[-1] == "torus Torus(major_radius=8.0, minor_radius=3.0)"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_guide_work(run: Run, tmp_path: Path, command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "stem3d"
    out = run("-m", "napari_stem3d.cli", *arguments)
    if "--out" in arguments:
        written = tmp_path / arguments[arguments.index("--out") + 1]
        assert written.stat().st_size > 10_000
    else:
        assert "torus" in out


def test_its_own_tests_pass_where_it_is_installed(run: Run, tmp_path: Path) -> None:
    shutil.copytree(TORUS / "tests", tmp_path / "tests")
    assert "7 passed" in run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")


def test_broken_neighbours_are_refused_by_name_and_cost_nothing(
    run: Run, write_plugin: Callable[[str, str], Path]
) -> None:
    write_plugin("stem3d-failing", "import no_such_module")
    write_plugin("stem3d-misspelt", CALLED.format(hook="register_shape", items="[]"))
    twin = "from stem3d_torus.torus import Torus\n" + CALLED
    site = write_plugin("stem3d-twin", twin.format(hook="register_shapes", items="[Torus]"))
    rows = listed(run, "plugins", also=site)
    refused = {name: row["reason"] for name, row in rows.items() if row["status"] == "refused"}
    assert refused == {
        "stem3d-failing": "ModuleNotFoundError: No module named 'no_such_module'",
        "stem3d-misspelt": "there is no hook 'register_shape': did you mean 'register_shapes'?",
        "stem3d-twin": "the shape 'torus' that stem3d-twin registers is already registered by "
        "stem3d-torus",
    }
    assert list(listed(run, "shapes", also=site))[-2:] == ["mesh", "torus"]


def test_the_guide_shows_the_files_of_the_package_and_no_other_code() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\S*)(?: (\S+))?$", text, re.MULTILINE)
    kinds = {kind for kind, _ in blocks if kind}
    assert kinds == {"{literalinclude}", "console"}
    shown = {(GUIDE.parent / path).resolve() for _, path in blocks if path}
    assert shown == {
        path
        for path in TORUS.rglob("*")
        if path.suffix in {".py", ".toml"} and "__pycache__" not in path.parts
    }
