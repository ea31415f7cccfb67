"""The house: layers import what is left of them, in one direction, and the package is there quickly."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import ionspike

ROOT = Path(ionspike.__file__).parent
ORDER = [
    "errors",
    "later",
    "files",
    "units",
    "plotting",
    "spikes",
    "spice",
    "device",
    "circuit",
    "network",
    "filters",
    "study",
    "report",
    "cli",
]


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ionspike"):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith("ionspike.")}
    return {name.split(".")[1] for name in names if name.count(".") and name.split(".")[1] in ORDER}


def test_layers_import_only_what_is_left_of_them():
    wrong = []
    for path in ROOT.rglob("*.py"):
        layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if layer not in ORDER:
            continue
        wrong += [
            f"{path.relative_to(ROOT)} imports {other}"
            for other in _imports(path)
            if ORDER.index(other) > ORDER.index(layer)
        ]
    assert not wrong


def test_every_public_function_and_class_says_what_it_is():
    silent = []
    for path in ROOT.rglob("*.py"):
        module = ast.parse(path.read_text())
        for node in module.body:
            named = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
            if named and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}: {node.name}")
        if module.body and not ast.get_docstring(module):
            silent.append(str(path.relative_to(ROOT)))
    assert not silent


def test_the_package_is_imported_within_half_a_second():
    code = "import time; t = time.perf_counter(); import ionspike; print(time.perf_counter() - t)"
    best = min(float(subprocess.check_output([sys.executable, "-c", code], text=True)) for _ in range(3))
    assert best < 0.5
