"""Real packages for the plugin tests: written on the spot, or installed by pip."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from napari_stem3d import plugins

TORUS = Path(__file__).parents[1] / "fixtures" / "stem3d-torus"


@pytest.fixture
def write_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], Path]]:
    """Return a function that puts a package on the path: its name, and the code of its module."""
    plugins.reset()

    def write(name: str, code: str, entry: str | None = None) -> Path:
        module = name.replace("-", "_")
        metadata = tmp_path / f"{module}-1.5.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        (metadata / "entry_points.txt").write_text(
            f"[napari_stem3d.plugins]\n{entry or name} = {module}\n"
        )
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code))
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    before = set(sys.modules)
    yield write
    plugins.reset()
    for module in set(sys.modules) - before:
        file = getattr(sys.modules[module], "__file__", None)
        if file is not None and Path(file).parent == tmp_path:
            del sys.modules[module]


@pytest.fixture(scope="session")
def torus_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder into which the third-party package of the tutorial is installed, as users would."""
    site = tmp_path_factory.mktemp("site")
    source = shutil.copytree(TORUS, tmp_path_factory.mktemp("source") / TORUS.name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return site
