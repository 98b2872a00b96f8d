from __future__ import annotations

import json

from napari_stem3d import registry


def test_shapes_are_listed_with_their_dimensions(stem3d):
    rows = json.loads(stem3d("shapes", "--json").stdout)
    assert [row["name"] for row in rows] == list(registry().shapes)
    cuboid = next(row for row in rows if row["name"] == "cuboid")
    assert cuboid["dimensions"] == ["a=10", "b=10", "c=10"]
    assert cuboid["corners"] == 8
    assert cuboid["plugin"] == "napari-stem3d"


def test_deformations_are_listed_with_what_may_be_typed(stem3d):
    rows = json.loads(stem3d("deformations", "--json").stdout)
    assert [row["name"] for row in rows] == list(registry().deformations)
    rounded = next(row for row in rows if row["name"] == "rounded_corners")
    assert rounded["fields"] == ["count=number", "leg=nm", "corners=0+1+…"]
    assert rounded["plugin"] == "napari-stem3d"
    slab = next(row for row in rows if row["name"] == "missing_slab")
    assert slab["fields"] == ["thickness=nm", "position=nm", "axis=x|y|z"]


def test_presets_are_listed_with_what_they_change(stem3d):
    rows = {row["name"]: row for row in json.loads(stem3d("presets", "--json").stdout)}
    assert rows["default"]["differs"] == []
    assert {"beam.current=1", "scan.dwell=2"} < set(rows["low dose"]["differs"])
    assert rows["80 kV"]["for"] == "lattice"


def test_networks_are_listed_with_their_cards(stem3d):
    rows = json.loads(stem3d("networks", "--json").stdout)
    assert [row["name"] for row in rows] == list(registry().networks)
    assert all(isinstance(row["card"], dict) for row in rows)
    unet = next(row for row in rows if row["name"] == "particle-unet")
    assert 1 < unet["megabytes"] < 10
    assert 100_000 < unet["parameters"] < 5_000_000


def test_plugins_are_listed_with_what_they_brought(stem3d):
    rows = json.loads(stem3d("plugins", "--json").stdout)
    own = next(row for row in rows if row["plugin"] == "napari-stem3d")
    assert own["status"] == "ok"
    assert "cuboid" in own["shapes"] and "particle-unet" in own["networks"]


def test_tables_name_every_row_unbroken_in_a_pipe(stem3d):
    for command, kind in (("shapes", "shape"), ("networks", "network")):
        text = stem3d(command).stdout
        assert all(f" {name} " in text for name in registry().of_kind(kind))
