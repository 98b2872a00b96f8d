"""Every requirement that is met, and every test of the physics, is named by a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LEARNING = (*range(1, 12), 15, 17, 18)  # the others are for the search and the measurements
LEARNING = (*range(1, 12), 17, 18, 19)  # the others are for the search and the measurements
LEARNING = (*range(1, 12), *range(14, 19))  # the others are for the search
ROWS = [
    *(f"SIM-{k:02}" for k in range(1, 26)),
    *(f"P-{k}" for k in range(1, 12)),
    *(f"ML-{k:02}" for k in LEARNING),
    *(f"ST-{k}" for k in (12, 13, 14)),
]
NAME = re.compile(r"\b((?:SIM|ML|ST)-\d\d|P-\d+)\b")


def named() -> set[str]:
    """Return the requirements that docstrings of test functions name."""
    names: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                names |= set(NAME.findall(ast.get_docstring(node) or ""))
    return names


@pytest.mark.parametrize("row", ROWS)
def test_some_test_names_it(row):
    assert row in named()
