from __future__ import annotations

import json

import pytest

from napari_stem3d.cli.doctor import _try_out


@pytest.mark.slow
def test_doctor_looks_at_everything(stem3d, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    result = stem3d("doctor", "--json")
    assert result.exit_code == 0
    found = {row["check"]: row for row in json.loads(result.stdout)}
    assert found["numpy"]["status"] == "ok"
    assert found["compute device"]["detail"].startswith("TensorFlow ")
    assert {"OpenGL", "reader: sparse", "network: particle-unet"} <= found.keys()


def test_a_crash_of_a_library_is_an_answer():
    assert _try_out("print('well')") == ("ok", "well")
    assert _try_out("raise SystemError('no')") == ("failed", "SystemError: no")
    assert _try_out("import os; os.abort()") == ("failed", "ended with status -6")
