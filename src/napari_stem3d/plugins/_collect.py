"""What one plugin gives, checked against what its hooks promise."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any

import pluggy

from napari_stem3d._errors import InputError
from napari_stem3d.plugins._network_spec import NetworkSpec

#: The hook through which each kind of contribution comes.
HOOKS = {
    "shape": "register_shapes",
    "deformation": "register_deformations",
    "network": "register_networks",
}


def collect(manager: pluggy.PluginManager, plugin: object, name: str) -> dict[tuple[str, str], Any]:
    """Register a plugin and call its hooks.

    The hooks of one plugin are called by themselves, and not those of all plugins together, so
    that one which raises can be told from the others.

    Parameters
    ----------
    manager : pluggy.PluginManager
        The pluggy manager, which knows the hooks.
    plugin : object
        A module, or any object with methods marked as hooks.
    name : str
        A name for the plugin, unique in the manager.

    Returns
    -------
    dict
        Its contributions by (kind, name), in the order in which it gave them.

    Raises
    ------
    InputError
        If a hook is misspelt or forgotten, or returns something else than it should.
    """
    manager.register(plugin, name)
    implemented = {caller.name: caller for caller in manager.get_hookcallers(plugin) or ()}
    _check_hook_names(plugin, implemented)
    found: dict[tuple[str, str], Any] = {}
    for kind, hook in HOOKS.items():
        for impl in implemented[hook].get_hookimpls() if hook in implemented else ():
            if impl.plugin_name != name:
                continue
            for item in _as_list(hook, impl.function()):
                key = kind, _checked_name(kind, hook, item)
                if key in found:
                    raise InputError(f"its {hook} gives the {kind} {key[1]!r} twice")
                found[key] = item
    return found


def _check_hook_names(plugin: object, implemented: dict[str, Any]) -> None:
    """Refuse hooks that pluggy would silently never call."""
    known = list(HOOKS.values())
    for name in sorted(set(implemented) - set(known)):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the hooks are {', '.join(known)}"
        raise InputError(f"there is no hook {name!r}: {hint}")
    for name in known:
        if name not in implemented and callable(getattr(plugin, name, None)):
            raise InputError(f"its function {name!r} is not marked with @hookimpl")
    if not implemented:
        raise InputError(f"it has no function marked with @hookimpl, one of {', '.join(known)}")


def _as_list(hook: str, returned: object) -> list[Any]:
    if not isinstance(returned, list | tuple):
        raise InputError(f"its {hook} must return a list. Received: {returned!r}")
    return list(returned)


def _checked_name(kind: str, hook: str, item: Any) -> str:
    """Return the name under which an item is registered, after checking what it is."""
    if kind == "network":
        if not isinstance(item, NetworkSpec):
            raise InputError(f"its {hook} must return NetworkSpec objects. Received: {item!r}")
        return item.name
    # Floor 1 knows neither Shape nor Deformation: `testing.check_shape` looks at the rest.
    if not isinstance(item, type):
        raise InputError(f"its {hook} must return classes. Received: {item!r}")
    if not dataclasses.is_dataclass(item):
        raise InputError(f"the {kind} {item.__qualname__} of its {hook} must be a dataclass")
    name = getattr(item, "name", None)
    if not isinstance(name, str) or not name.strip():
        raise InputError(
            f"the {kind} {item.__qualname__} of its {hook} must have a class attribute 'name' "
            f"that is a word. Received: {name!r}"
        )
    return name
