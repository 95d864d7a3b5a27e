"""Build hook: compile the decoding core with mypyc where a C compiler is at hand, else install the same files."""

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution
from setuptools.command.build_ext import build_ext

OPTIMISATION = os.environ.get("INSPECTOR_OPT_LEVEL", "2")
"""gcc's -O level."""

CORE = ("model", "wire", "capture", "net", "protocols", "schema", "engine", "export")
"""Rooms with compiled files in them."""

INTERPRETED = (
    "__init__.py",
    "capture/blocks.py",
    "capture/live/bpf.py",
    "capture/live/copying.py",
    "capture/live/framing.py",
    "capture/live/helper.py",
    "capture/live/interfaces.py",
    "capture/live/names.py",
    "capture/live/netlink.py",
    "capture/live/orders.py",
    "capture/live/probe.py",
    "capture/live/probes.py",
    "capture/live/recording.py",
    "capture/live/records.py",
    "capture/live/ring.py",
    "capture/live/rights.py",
    "capture/live/scapy_source.py",
    "capture/live/segments.py",
    "capture/live/settings.py",
    "capture/live/sink.py",
    "capture/live/tap.py",
    "capture/processes.py",
    "capture/scapy_tree.py",
    "export/documents.py",
    "export/probed.py",
    "export/records.py",
)
"""Files of those rooms that stay Python: they glue libraries or the system together and gain nothing, or belong to the
capture process, which is to start at once."""


CAPTURE_LOOP = "inspector/capture/live/native.py"
"""Compiled into a library of its own, so that the capture process loads nothing else."""


def core_files(package: Path) -> list[Path]:
    """The files that are compiled, in a stable order."""
    files = [path for room in CORE for path in sorted((package / room).rglob("*.py"))]
    return [p for p in files if p.name not in INTERPRETED and p.relative_to(package).as_posix() not in INTERPRETED]


class ParallelBuild(build_ext):  # type: ignore[misc]  # setuptools has no types
    """Compiles the C files of one extension side by side; distutils does so one after the other."""

    def build_extension(self, ext: Any) -> None:
        """Compile all sources of `ext`, then link them."""

        def compile_one(source: str) -> str:
            compiled: list[str] = self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                macros=ext.define_macros,
                include_dirs=ext.include_dirs,
                extra_postargs=ext.extra_compile_args,
                depends=ext.depends,
            )
            return compiled[0]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            ext.extra_objects = [*ext.extra_objects, *pool.map(compile_one, ext.sources)]
        ext.sources = []
        super().build_extension(ext)


def compile_core(source: Path, target: Path) -> list[Path]:
    """Compile the core below `source` into extension modules below `target`/lib; returns them, relative to that."""
    from mypyc.build import mypycify

    target.mkdir(parents=True, exist_ok=True)
    before = Path.cwd()
    os.chdir(source)
    try:
        files = [str(p.relative_to(source)) for p in core_files(source / "inspector")]
        flags = ["--ignore-missing-imports", "--explicit-package-bases", "--no-warn-unused-ignores"]
        modules = mypycify(
            [*flags, "--config-file=", "--cache-dir", str(target / "mypy"), *files],
            opt_level=OPTIMISATION,
            multi_file=True,
            target_dir=str(target / "c"),
            separate=[([f for f in files if f != CAPTURE_LOOP], "inspector"), ([CAPTURE_LOOP], "inspector_capture")],
        )
        command: Any = ParallelBuild(Distribution({"name": "inspector", "ext_modules": modules}))
        command.build_lib = str(target / "lib")
        command.build_temp = str(target / "temp")
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    return built(target)


def built(target: Path) -> list[Path]:
    """The extension modules below `target`/lib, relative to that."""
    library = target / "lib"
    return [path.relative_to(library) for path in sorted(library.rglob("*")) if path.suffix in {".so", ".pyd"}]


def fingerprint(source: Path) -> str:
    """Changes with everything that the compiled core is made of."""
    digest = hashlib.sha256(f"{sys.version} {metadata.version('mypy')} {OPTIMISATION}".encode())
    for path in [*core_files(source / "inspector"), Path(__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class CoreBuildHook(BuildHookInterface[Any]):
    """Adds the compiled core to wheels; editable installs and INSPECTOR_PURE=1 leave it out."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is put together: twice by pip, which asks for the metadata first."""
        if version == "editable" or os.environ.get("INSPECTOR_PURE"):
            return
        source = Path(self.root) / "src"
        target = Path(self.root) / "build" / f"core-{fingerprint(source)}"
        done = target / "done"
        try:
            if not done.exists():
                compile_core(source, target)
                done.touch()
        except (Exception, SystemExit) as error:
            if os.environ.get("INSPECTOR_COMPILED"):
                raise
            sys.stderr.write(f"the core is not compiled ({type(error).__name__}: {error}); installing pure Python\n")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for module in built(target):
            build_data["force_include"][str(target / "lib" / module)] = module.as_posix()
