"""Writes a folder's manifest.json: what made its goldens, and size and SHA-256 of each of them.

The scripts beside the goldens call `write`. A test (ManifestTests) compares every folder with its manifest.
By hand, after a golden was changed by other means: python3 Tests/Goldens/manifest.py Tests/Goldens/NAME
"""

import hashlib
import json
import os
import sys


def write(folder, modules=(), **facts):
    """facts: what else the goldens depend on (seed=…, shape=…); modules: imported ones whose versions count."""
    facts["versions"] = {module.__name__: module.__version__ for module in modules}
    _put(folder, facts)


def _put(folder, facts):
    facts["files"] = {name: _digest(os.path.join(folder, name)) for name in _goldens(folder)}
    with open(os.path.join(folder, "manifest.json"), "w") as file:
        json.dump(facts, file, indent=1)
        file.write("\n")


def _goldens(folder):
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for name in sorted(files):
            if name not in ("manifest.json", "README.md") and not name.endswith(".py"):
                yield os.path.relpath(os.path.join(root, name), folder)


def _digest(path):
    data = open(path, "rb").read()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        path = os.path.join(folder, "manifest.json")
        old = json.load(open(path)) if os.path.exists(path) else {}
        _put(folder, {key: value for key, value in old.items() if key not in ("files", "sha256")})
