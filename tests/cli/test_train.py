"""`stem3d train` in processes of its own, which are killed, interrupted and go on."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SITE = Path(__file__).parents[1] / "fixtures" / "site-tiny"
CLI = (sys.executable, "-m", "napari_stem3d.cli")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, (str(SITE), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [*CLI, "train", *arguments],
        cwd=folder,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": path} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = start(folder, *arguments, **environment)
    out, err = process.communicate()
    return process.returncode, out, err


def until(process: subprocess.Popen[str], words: str) -> None:
    """Read what a process says until it says these words."""
    assert process.stderr is not None
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line


def arrays(path: Path) -> list[np.ndarray]:
    with np.load(path) as file:
        return [file[name] for name in sorted(file.files) if name != "state"]


def test_killed_and_interrupted_it_ends_bit_for_bit_as_if_nothing_had_happened(
    tmp_path: Path,
) -> None:
    once, often = tmp_path / "once", tmp_path / "often"
    once.mkdir()
    often.mkdir()
    call = ("tiny", "--out", "m.keras")
    status, out, err = run(once, *call)
    assert (status, out.startswith("m.keras: tiny after 40 steps, loss 0.")) == (0, True), err
    assert [line.split(": ")[1] for line in err.splitlines()] == [
        f"step {step} of 40" for step in (8, 16, 24, 32, 40)
    ]

    slow = {"STEM3D_TINY_PAUSE": "0.2"}
    killed = start(often, *call, **slow)
    until(killed, "step 8 of 40")
    killed.kill()
    killed.communicate()
    assert not (often / "m.keras").exists()

    stopped = start(often, *call, **slow)
    until(stopped, "step 16 of 40")
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate()
    assert stopped.returncode == 130, said
    assert "stops after this step" in said
    assert "the same command goes on from the checkpoint in m.training" in said

    status, out, err = run(often, *call, "--json")
    assert status == 0, err
    assert "stem3d: goes on from step" in err
    for name in ("state.npz", "best.npz"):
        one, other = (arrays(folder / "m.training" / name) for folder in (once, often))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    told, card = json.loads(out), json.loads((often / "m.json").read_text())
    assert told["samples"] == card["training"]["samples"] == 640
    assert card["training"]["fresh_samples"] == 320
    assert (card["name"], card["task"], card["input"]) == ("tiny", "side", "noise")
    assert card["licence"] == "GPL-3.0-or-later"
    assert card["validation"]["loss"] < 0.7
    assert card["versions"]["backend"] == "tensorflow"
    assert len(card["sha256"]) == 64

    status, out, err = run(often, *call, "--steps", "41")
    assert (status, out) == (1, "")
    assert err == (
        "stem3d: m.training holds a training with steps = 40; go on with the same settings, or "
        "choose another folder. Received: 41\n"
    )


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_the_same_network(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    status, out, err = run(tmp_path, "tiny", "--out", "m.keras", "--json", KERAS_BACKEND=backend)
    assert status == 0, err
    assert json.loads(out)["loss"] < 0.6
    assert json.loads((tmp_path / "m.json").read_text())["versions"]["backend"] == backend
    code = (
        "from napari_stem3d.networks.store import load; print(load('m.keras').model.count_params())"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split()[-1] == "74"


@pytest.fixture
def tiny(stem3d: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the command in this process, where the site is known."""
    from napari_stem3d import plugins

    monkeypatch.syspath_prepend(SITE)
    plugins.reset()
    yield stem3d
    plugins.reset()


def test_settings_are_written_and_read(tiny: Any, tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    done = tiny("train", "tiny", "--save-config", path)
    assert (done.exit_code, done.stdout) == (0, f"{path}: settings of tiny\n")
    assert tomllib.loads(path.read_text())["loss_weights"] == {"side": 1.0}
    path.write_text("steps = 7\nviews = 3\n")
    done = tiny("train", "tiny", "--config", path, "--steps", 9, "--save-config", path)
    tables = tomllib.loads(path.read_text())
    assert (tables["steps"], tables["views"], tables["batch"]) == (9, 3, 16)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tiny"], "--out must name the model to write. Received: nothing"),
        (["tiny", "--out", "m.h5"], "--out must end in .keras. Received: m.h5"),
        (["tyni", "--out", "m.keras"], "Received: 'tyni'"),
        (["tiny", "--out", "m.keras", "--config", "no.toml"], "no.toml cannot be read"),
        (["tiny", "--out", "m.keras", "--config", "bad.toml"], "In bad.toml, the keys must be"),
        (["tiny", "--out", "m.keras", "--folder", "bad.toml"], "bad.toml must be a folder"),
    ],
)
def test_bad_input_is_one_line(
    tiny: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text("stpes = 5")
    monkeypatch.setattr("napari_stem3d.cli.train.import_keras", lambda: None)
    done = tiny("train", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]
