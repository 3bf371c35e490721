"""The Julia package as files: what is declared in several places is the same everywhere."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pyscimlode
from pyscimlode.backends.julia.backend import SENSITIVITIES
from pyscimlode.backends.julia.solvers import SOLVERS

HERE = Path(pyscimlode.__file__).parent
DECLARED = json.loads((HERE / "juliapkg.json").read_text(encoding="utf-8"))
PACKAGE = HERE / DECLARED["packages"]["Pyscimlode"]["path"]


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((PACKAGE / name).read_text(encoding="utf-8"))


def test_juliapkg_names_the_package_that_is_shipped() -> None:
    project = read("Project.toml")
    declared = DECLARED["packages"]["Pyscimlode"]
    assert declared == {"uuid": project["uuid"], "path": "julia", "dev": True}
    assert (PACKAGE / "src" / "Pyscimlode.jl").is_file()


def test_versions_are_pinned_to_those_of_the_locked_manifest() -> None:
    project, locked = read("Project.toml"), read("locked/Manifest.toml")["deps"]
    standard = {"LinearAlgebra", "Random"}
    pins = {name: locked[name][0]["version"] for name in set(project["deps"]) - standard}
    compat = {name: project["compat"][name].removeprefix("=") for name in pins}
    assert compat == pins
    bridge = read("locked/Project.toml")["compat"]["PythonCall"]
    assert bridge == "=" + locked["PythonCall"][0]["version"]


def test_the_locked_manifest_is_complete() -> None:
    entries = read("locked/Manifest.toml")["deps"]
    for name, (entry,) in entries.items():
        assert set(entry.get("deps", [])) <= set(entries), name
        assert re.fullmatch(r"[0-9a-f-]{36}", entry["uuid"])
    assert entries["Pyscimlode"][0]["path"] == ".."
    assert set(entries["Pyscimlode"][0]["deps"]) == set(read("Project.toml")["deps"])


def test_both_sides_have_the_same_table_of_solvers() -> None:
    table = (PACKAGE / "src" / "solvers.jl").read_text(encoding="utf-8")
    names = re.findall(r'^    "([^"]+)" =>', table, flags=re.MULTILINE)
    assert {"auto", *names} == set(SOLVERS)


def test_both_sides_have_the_same_sensitivities() -> None:
    source = (PACKAGE / "src" / "gradients.jl").read_text(encoding="utf-8")
    found = re.search(r"^const SENSITIVITIES = \((.*)\)$", source, flags=re.MULTILINE)
    assert found is not None
    assert tuple(name.strip().removeprefix(":") for name in found[1].split(",")) == SENSITIVITIES
