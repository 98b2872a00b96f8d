"""What an import costs; every test runs in an interpreter of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "hyperspy", "napari", "qtpy", "PyQt6", "matplotlib", "dask")

LOADED = """
import json, sys
{}
print(json.dumps([name for name in sys.modules if "." not in name]))
"""


def loaded_by(code: str) -> set[str]:
    out = subprocess.run(
        [sys.executable, "-c", LOADED.format(code)], capture_output=True, text=True, check=True
    )
    return set(json.loads(out.stdout.splitlines()[-1]))


def cost(*arguments: str, tries: int = 5) -> float:
    """Least processor time of several runs [s]: unlike wall time, the same on a busy machine."""
    times = []
    for _ in range(tries):
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        times.append(usage.ru_utime + usage.ru_stime)
    return min(times)


def test_import_loads_no_science():
    loaded = loaded_by("import napari_stem3d")
    assert "napari_stem3d" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy", "scipy", "numba", "pandas", "pluggy"})


def test_import_takes_at_most_50_ms():
    assert cost("-c", "import napari_stem3d") - cost("-c", "pass") <= 0.05


def test_help_takes_at_most_500_ms():
    assert cost("-m", "napari_stem3d.cli", "--help") <= 0.5


def test_help_loads_no_science():
    call = "from napari_stem3d.cli import main; sys.argv[1:] = ['--help']"
    loaded = loaded_by(f"{call}\ntry: main()\nexcept SystemExit: pass")
    assert "typer" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy", "numba"})


@pytest.mark.parametrize("module", ["simulation", "plugins", "signals", "engine"])
def test_lower_floors_load_neither_window_nor_networks(module):
    assert loaded_by(f"import napari_stem3d.{module}").isdisjoint(HEAVY)


def test_networks_are_listed_without_loading_one():
    loaded = loaded_by("import napari_stem3d; assert napari_stem3d.registry().networks")
    assert loaded.isdisjoint(HEAVY)


def test_every_public_name_exists():
    code = "import napari_stem3d as m; print([n for n in m.__all__ if not hasattr(m, n)])"
    environment = os.environ | {"EAGER_IMPORT": "1"}
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert out.returncode == 0, out.stderr
    assert out.stdout.strip() == "[]"
