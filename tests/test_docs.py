"""What the documentation says is run: its Python, its examples, and the names it promises."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#]+)")


def python_of(page: Path) -> str:
    """All Python of a page, in its own lines, so that a traceback names the right one."""
    text, lines = page.read_text(encoding="utf-8"), []
    for block in BLOCK.finditer(text):
        lines += [""] * (text[: block.start(1)].count("\n") - len(lines))
        lines += block[1].splitlines()
    return "\n".join(lines)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the file that pages and examples read: a stack with its truth."""
    from napari_stem3d.cli._app import app

    folder = tmp_path_factory.mktemp("docs")
    call = f"simulate --shape cuboid --frames 2 --size 96 --seed 7 --out {folder / 'stack.hspy'}"
    assert CliRunner().invoke(app, call.split()).exit_code == 0
    return folder


@pytest.mark.tensorflow
@pytest.mark.parametrize("page", [p for p in PAGES if python_of(p)], ids=name_of)
def test_python_of_a_page_runs(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # dataclasses look their module up
    exec(compile(python_of(page), name_of(page), "exec"), module.__dict__)


@pytest.mark.slow
@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=name_of)
def test_an_example_runs_and_says_something(example, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error:::napari_stem3d", str(example)],
        cwd=tmp_path,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_link_to_a_file_of_ours_leads_somewhere(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_command_line_page_knows_every_command_and_no_other():
    from napari_stem3d.cli._app import app

    known = {info.callback.__name__ for info in app.registered_commands}
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    table = page.partition("## Rules")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {word for row in rows for word in re.findall(r"`(?:stem3d )?([a-z]+)", row)}
    assert told == known


def test_the_columns_page_knows_every_column():
    from napari_stem3d.analysis.classification import COLUMNS

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    columns = [name for name in COLUMNS if not name.startswith("p_")]
    assert [name for name in ["frame", *columns] if f"`{name}`" not in page] == []


@pytest.mark.tensorflow
def test_the_api_pages_document_every_public_name():
    import napari_stem3d

    pages = (ROOT / "docs" / "api").glob("*.md")
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    modules = [importlib.import_module(name) for name in re.findall(r"automodule:: (\S+)", text)]
    told = {name for module in modules for name in dir(module)}
    told |= {module.__name__.split(".")[1] for module in modules}
    assert set(napari_stem3d.__all__) - told - {"__version__"} == set()
