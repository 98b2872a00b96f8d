"""What is asked of one plugin, and the sentence that refuses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import pluggy
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import NetworkSpec, hookimpl, hookspecs
from napari_stem3d.plugins._collect import HOOKS, collect


@dataclass(frozen=True)
class Ring:
    name: ClassVar[str] = "ring"


@dataclass(frozen=True)
class Bracelet:
    name: ClassVar[str] = "bracelet"


@dataclass(frozen=True)
class Nameless:
    pass


class Plain:
    name = "plain"


@dataclass(frozen=True)
class Empty:
    name: ClassVar[str] = " "


NETWORK = NetworkSpec("tiny", "classification", "nowhere.networks:build_tiny")


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def giving(returned: Any) -> Callable[[], Any]:
    return hookimpl(lambda: returned)


def test_contributions_come_by_kind_and_name_in_their_order(manager: pluggy.PluginManager) -> None:
    plugin = SimpleNamespace(
        register_networks=giving([NETWORK]), register_shapes=giving([Ring, Bracelet])
    )
    found = collect(manager, plugin, "jewels")
    assert list(found.items()) == [
        (("shape", "ring"), Ring),
        (("shape", "bracelet"), Bracelet),
        (("network", "tiny"), NETWORK),
    ]


def test_a_plugin_gives_only_what_is_its_own(manager: pluggy.PluginManager) -> None:
    collect(manager, SimpleNamespace(register_shapes=giving([Ring])), "one")
    second = SimpleNamespace(register_shapes=giving([Bracelet]))
    assert list(collect(manager, second, "two")) == [("shape", "bracelet")]


def test_every_hook_is_collected() -> None:
    declared = {
        name
        for name, value in vars(hookspecs).items()
        if hasattr(value, f"{hookspecs.PROJECT}_spec")
    }
    assert declared == set(HOOKS.values())


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (
            {"regster_shapes": giving([])},
            "no hook 'regster_shapes': did you mean 'register_shapes'",
        ),
        ({"banana": giving([])}, "no hook 'banana': the hooks are register_shapes, "),
        ({"register_shapes": lambda: [Ring]}, "'register_shapes' is not marked with @hookimpl"),
        ({"unrelated": 3}, "no function marked with @hookimpl"),
        ({"register_shapes": giving(None)}, "register_shapes must return a list. Received: None"),
        ({"register_shapes": giving([Ring()])}, r"must return classes. Received: .*Ring\(\)"),
        ({"register_shapes": giving([Plain])}, "shape Plain .* must be a dataclass"),
        ({"register_shapes": giving([Nameless])}, "Nameless .* attribute 'name' .* Received: None"),
        ({"register_deformations": giving([Empty])}, "deformation Empty .* Received: ' '"),
        ({"register_shapes": giving([Ring, Ring])}, "gives the shape 'ring' twice"),
        ({"register_networks": giving(["tiny"])}, "NetworkSpec objects. Received: 'tiny'"),
    ],
)
def test_a_broken_promise_is_named(
    manager: pluggy.PluginManager, plugin: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        collect(manager, SimpleNamespace(**plugin), "broken")


def test_a_hook_that_asks_for_unknown_arguments_is_refused(manager: pluggy.PluginManager) -> None:
    plugin = SimpleNamespace(register_shapes=hookimpl(lambda viewer: []))
    with pytest.raises(pluggy.PluginValidationError, match="viewer"):
        collect(manager, plugin, "broken")
