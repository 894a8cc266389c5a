"""Pyodide's full distribution for tests: its core as npm has it, and stand-ins for the wheels that npm has not.

A stand-in for matplotlib takes every call and draws nothing. So pages run to their end, and all that they say can be
compared; their plots cannot. Set PYODIDE to a folder with the real distribution to test with that.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from zipfile import ZipFile

from tools.paths import PYODIDE

WHEELS = [
    "contourpy",
    "cycler",
    "fonttools",
    "kiwisolver",
    "matplotlib",
    "numpy",
    "packaging",
    "pillow",
    "pyparsing",
    "python-dateutil",
    "pytz",
    "six",
]
"""What the site takes from the distribution besides the core."""

MATPLOTLIB = """
import sys
from importlib.machinery import ModuleSpec
from opcode import opmap
from types import ModuleType


class Nothing:
    def __init__(self, *args, **options):
        pass

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def _itself(self, *others, **options):
        return Nothing()

    __call__ = __enter__ = __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _itself
    __truediv__ = __rtruediv__ = __neg__ = _itself

    def __exit__(self, *error):
        return False

    def __setitem__(self, key, value):
        pass

    def __iter__(self):  # as many as are to be unpacked
        frame = sys._getframe(1)
        operation, count = frame.f_code.co_code[frame.f_lasti : frame.f_lasti + 2]
        return iter([Nothing() for _ in range(count if operation == opmap["UNPACK_SEQUENCE"] else 1)])

    def stackplot(self, x, bands, **options):
        return [Nothing() for _ in bands]

    def __contains__(self, thing):
        return False

    def __lt__(self, other):
        return False

    __gt__ = __lt__

    def __float__(self):
        return 1.0


class Module(ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__") or name == "pyplot":
            raise AttributeError(name)
        setattr(self, name, Nothing() if name != "show" else lambda: None)
        return getattr(self, name)


class Finder:
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, Finder, is_package=True) if name.startswith("matplotlib.") else None

    def create_module(spec):
        return Module(spec.name)

    def exec_module(module):
        pass


sys.meta_path.insert(0, Finder)
sys.modules[__name__].__class__ = Module
"""
CYCLER = "def cycler(**options):\n    return options\n"


def distribution(folder: Path) -> Path:
    """Return a folder with a distribution of Pyodide: the one that PYODIDE names, or one made in `folder`."""
    if real := os.environ.get("PYODIDE"):
        return Path(real)
    shutil.copytree(PYODIDE, folder, dirs_exist_ok=True)
    place = folder / "pyodide-lock.json"
    lock = json.loads(place.read_text(encoding="utf-8"))
    for name in WHEELS:
        entry = lock["packages"][name]
        wheel = folder / entry["file_name"]
        with ZipFile(wheel, "w") as archive:
            stem = "-".join(wheel.name.split("-")[:2])
            said = f"Metadata-Version: 2.1\nName: {entry['name']}\nVersion: {entry['version']}\n"
            archive.writestr(f"{stem}.dist-info/METADATA", said)
            archive.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
            archive.writestr(f"{stem}.dist-info/RECORD", "")
            if name in ("matplotlib", "cycler"):
                archive.writestr(f"{name}/__init__.py", MATPLOTLIB if name == "matplotlib" else CYCLER)
        entry["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    place.write_text(json.dumps(lock), encoding="utf-8")
    return folder
