"""Every hook works from outside, is tested here by name, and stands in the guide."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_stem3d.plugins import hookspecs, registry

Write = Callable[[str, str], Path]

GUIDE = Path(__file__).parents[2] / "docs" / "plugins.md"
HOOKS = {
    name: value
    for name, value in vars(hookspecs).items()
    if hasattr(value, f"{hookspecs.PROJECT}_spec")
}

CLASS = """
    from dataclasses import dataclass
    from typing import ClassVar

    from napari_stem3d.plugins import NetworkSpec, hookimpl

    @dataclass(frozen=True)
    class Stranger:
        name: ClassVar[str] = "stranger"

    @hookimpl
    def {hook}():
        return [{item}]
"""


def test_hook_register_shapes(write_plugin: Write) -> None:
    write_plugin("stem3d-stranger", CLASS.format(hook="register_shapes", item="Stranger"))
    assert registry().shapes["stranger"].__module__ == "stem3d_stranger"
    assert registry().owners["shape", "stranger"] == "stem3d-stranger"


def test_hook_register_deformations(write_plugin: Write) -> None:
    write_plugin("stem3d-stranger", CLASS.format(hook="register_deformations", item="Stranger"))
    assert registry().deformations["stranger"].__module__ == "stem3d_stranger"
    assert registry().owners["deformation", "stranger"] == "stem3d-stranger"


def test_hook_register_networks(write_plugin: Write) -> None:
    spec = "NetworkSpec('stranger', 'segmentation', 'no_such_module:build')"
    write_plugin("stem3d-stranger", CLASS.format(hook="register_networks", item=spec))
    # Listing a network never imports its builder, which here would fail.
    assert registry().networks["stranger"].builder == "no_such_module:build"
    assert registry().owners["network", "stranger"] == "stem3d-stranger"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_tested(hook: str) -> None:
    assert f"test_hook_{hook}" in globals()


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_signature(hook: str) -> None:
    returns = inspect.signature(HOOKS[hook]).return_annotation
    assert f"`{hook}() -> {returns}`" in GUIDE.read_text()
    assert inspect.getdoc(HOOKS[hook])
