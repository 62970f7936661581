"""Bundles the front end into a wheel that is being built; `pip install .` runs this too."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontEnd(BuildHookInterface[Any]):
    """Runs npm and esbuild as run.py does, with Node from PATH or from a wheel."""

    def dependencies(self) -> list[str]:
        """What the build environment needs beside hatchling."""
        if self.target_name != "wheel" or self._run().has_node():
            return []
        group: list[str] = self.metadata.config["dependency-groups"]["node"]
        return group

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle, and have the wheel take in web/static although git ignores it."""
        if self.target_name == "wheel":
            self._run().build_frontend()
            build_data["artifacts"].append("web/static/**")

    def _run(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("pathways_run", Path(self.root) / "run.py")
        if spec is None or spec.loader is None:
            raise RuntimeError("run.py, which knows how to bundle the front end, is missing.")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
