"""Build hook: compile the decoding core with mypyc where a C compiler is at hand, else install the same files."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CORE = ("model", "wire", "capture", "net", "protocols", "schema", "engine", "export")
"""Rooms with compiled files in them."""

INTERPRETED = (
    "__init__.py",
    "capture/live/bpf.py",
    "capture/live/helper.py",
    "capture/live/interfaces.py",
    "capture/live/names.py",
    "capture/live/recording.py",
    "capture/live/ring.py",
    "capture/live/rights.py",
    "capture/live/scapy_source.py",
    "capture/live/segments.py",
    "capture/live/settings.py",
    "capture/live/tap.py",
    "capture/scapy_tree.py",
    "export/documents.py",
    "export/records.py",
)
"""Files of those rooms that stay Python: they glue libraries or the system together and gain nothing."""


def core_files(package: Path) -> list[Path]:
    """The files that are compiled, in a stable order."""
    files = [path for room in CORE for path in sorted((package / room).rglob("*.py"))]
    return [p for p in files if p.name not in INTERPRETED and p.relative_to(package).as_posix() not in INTERPRETED]


def compile_core(source: Path, target: Path) -> list[Path]:
    """Compile the core below `source` into extension modules below `target`; returns them, relative to `target`."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    target.mkdir(parents=True, exist_ok=True)
    before = Path.cwd()
    os.chdir(source)
    try:
        files = [str(p.relative_to(source)) for p in core_files(source / "inspector")]
        flags = ["--ignore-missing-imports", "--explicit-package-bases", "--no-warn-unused-ignores"]
        modules = mypycify(
            [*flags, "--config-file=", "--cache-dir", str(target / "mypy"), *files],
            opt_level=os.environ.get("INSPECTOR_OPT_LEVEL", "2"),
            multi_file=True,
            target_dir=str(target / "c"),
            group_name="inspector",
        )
        distribution = Distribution({"name": "inspector", "ext_modules": modules})
        command: Any = distribution.get_command_obj("build_ext")
        command.build_lib = str(target / "lib")
        command.build_temp = str(target / "temp")
        command.parallel = os.cpu_count()
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    library = target / "lib"
    return [path.relative_to(library) for path in sorted(library.rglob("*")) if path.suffix in {".so", ".pyd"}]


class CoreBuildHook(BuildHookInterface[Any]):
    """Adds the compiled core to wheels; editable installs and INSPECTOR_PURE=1 leave it out."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is put together."""
        if version == "editable" or os.environ.get("INSPECTOR_PURE"):
            return
        self._work = Path(tempfile.mkdtemp(prefix="inspector-core-"))
        try:
            modules = compile_core(Path(self.root) / "src", self._work)
        except (Exception, SystemExit) as error:
            if os.environ.get("INSPECTOR_COMPILED"):
                raise
            sys.stderr.write(f"the core is not compiled ({type(error).__name__}: {error}); installing pure Python\n")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for module in modules:
            build_data["force_include"][str(self._work / "lib" / module)] = module.as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called after the wheel is written."""
        work = getattr(self, "_work", None)
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
