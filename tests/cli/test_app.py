from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from importlib.metadata import version

import pytest

from napari_stem3d.cli import _app

CLI = (sys.executable, "-m", "napari_stem3d.cli")


def test_every_promised_command_is_there(stem3d):
    text = stem3d("--help").stdout
    promised = (
        "demo view simulate lattice match segment classify study evaluate shapes deformations "
        "presets networks plugins doctor transfer label"
    )
    assert all(f" {command} " in text for command in promised.split())


def test_the_version_is_that_of_the_package(stem3d):
    assert stem3d("--version").stdout.strip() == f"stem3d {version('napari-stem3d')}"


def test_an_unknown_command_is_wrong_usage(stem3d):
    assert stem3d("sement").exit_code == 2


@pytest.mark.parametrize("ending", ["dm3", "hspy", "tif", "mrc", "npz", "txt"])
def test_a_file_of_rubbish_is_one_line_and_leaves_nothing(stem3d, tmp_path, ending):
    path = tmp_path / f"rubbish.{ending}"
    path.write_bytes(bytes(range(256)) * 20)
    result = stem3d("classify", path, "--out", tmp_path / "classes.csv")
    assert result.exit_code == 1
    assert path.name in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_what_should_not_happen_is_one_line_as_well(stem3d, tmp_path, monkeypatch):
    def fail(*args):
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("napari_stem3d.plugins._manager._build", fail)
    result = stem3d("shapes")
    assert result.exit_code == 1
    assert "RuntimeError: two lines" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    monkeypatch.setenv(_app.TRACEBACK, "1")
    assert isinstance(stem3d("shapes").exception, RuntimeError)


def test_a_reader_that_has_seen_enough_is_no_error():
    line = f"{' '.join(CLI)} shapes --json | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[\n", "")


def test_there_is_no_progress_in_a_pipe(tmp_path):
    call = (*CLI, "simulate", "--shape", "sphere", "--out", str(tmp_path / "a.npz"))
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_progress_on_a_terminal_and_ctrl_c(tmp_path):
    out = tmp_path / "stack.npz"
    call = (*CLI, "simulate", "--shape", "sphere", "--frames", "1000000", "--size", "16")
    call = (*call, "--sampling", "2", "--out", str(out))
    terminal, end = pty.openpty()
    process = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=end, text=True)
    os.close(end)
    seen = ""
    while "/1000000" not in seen or " 0/1000000" in seen[-200:]:
        seen += os.read(terminal, 4096).decode()
    process.send_signal(signal.SIGINT)
    try:
        while part := os.read(terminal, 4096).decode():
            seen += part
    except OSError:  # Linux says so when the last writer is gone
        pass
    os.close(terminal)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Simulate" in seen
    assert "stack.unfinished.npz" in printed
    assert "--first" in seen.replace("\r\n", " ")
    assert {path.name for path in tmp_path.iterdir()} == {
        "stack.unfinished.npz",
        "truth.unfinished.csv",
    }
