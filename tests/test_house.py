"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import tomllib
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "napari_stem3d"
MODULES = {p: p.read_text(encoding="utf-8") for p in sorted(SOURCE.rglob("*.py"))}
TESTS = {p: p.read_text(encoding="utf-8") for p in sorted((ROOT / "tests").rglob("test_*.py"))}


def short(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_no_file_is_longer_than_400_lines():
    long = [p for p, text in (MODULES | TESTS).items() if len(text.splitlines()) > 400]
    assert short(long) == []


def test_nothing_is_postponed():
    postponed = re.compile(r"\b(TODO|FIXME|XXX|HACK|for now)\b")
    assert short([p for p, text in MODULES.items() if postponed.search(text)]) == []


def test_no_module_is_a_drawer_for_odd_things():
    drawers = {"utils", "helpers", "misc", "common"}
    assert short([p for p in MODULES if p.stem in drawers]) == []


def test_annotations_are_postponed_except_where_magicgui_reads_them():
    wrong = []
    for path, text in MODULES.items():
        tree = ast.parse(text)
        postponed = any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body
        )
        annotated = any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree))
        if "widgets" in path.parts:
            read = "magicgui" in text or "napari_viewer" in text
            wrong += [path] * (postponed and read)
        else:
            wrong += [path] * (annotated and not postponed)
    assert short(wrong) == []


def test_dependencies_have_lower_bounds_only():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert extras.pop("all") == ["napari-stem3d[cluster,gui,mesh,dev,docs]"]
    for requirement in chain(project["dependencies"], *extras.values()):
        bounds = re.findall(r"[<>=!~]=?", requirement.partition(";")[0])
        assert bounds == [">="], requirement


def test_every_folder_and_module_of_the_first_level_has_tests():
    names = {p.stem for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    tested = {p.stem.removeprefix("test_").removeprefix("_") for p in (ROOT / "tests").iterdir()}
    untested = {name for name in names if name.removeprefix("_") not in tested}
    # The error and the version are asserted by whatever raises and prints them.
    assert untested == {"__init__", "_errors", "_version"}
