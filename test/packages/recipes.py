# SPDX-License-Identifier: Apache-2.0
"""What the tests of the packages share: building them, and running what is in them."""
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["man8/enawatch.8", "man5/enawatch.conf.5"]
BUILD_SECONDS = 900
LONG_AGO = 1_000_000_000


def execute(*command, env=None, timeout=120, **named):
    """The standard output; what failed is told with all that it said."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                            stdin=subprocess.DEVNULL, timeout=timeout, env={**os.environ, **(env or {})}, **named)
    if result.returncode != 0:
        raise AssertionError(f"{command}: status {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def build(recipe, into, *arguments, top=ROOT, **named):
    """The package that packaging/RECIPE makes of the sources in `top`."""
    return pathlib.Path(execute(top / "packaging" / recipe, "--into", into, *arguments, timeout=BUILD_SECONDS,
                                **{"umask": 0o022, **named}).strip())


def newer_systemd(folder):
    """The environment in which pkg-config tells of a systemd that has what the oldest of ours has not."""
    units = execute("pkg-config", "--variable=systemdsystemunitdir", "systemd").strip()
    (folder / "systemd.pc").write_text(
        f"systemdsystemunitdir={units}\nName: systemd\nDescription: newer\nVersion: 254\n")
    return {"PKG_CONFIG_PATH": str(folder)}


def other_checkout(folder):
    """The same sources somewhere else, all of them older."""
    def build_folders(of, names):
        return [name for name in names if pathlib.Path(of) == ROOT and name.startswith("build") and "." not in name]

    shutil.copytree(ROOT, folder, symlinks=True, ignore=build_folders)
    for path in folder.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)
    return folder


def project_version():
    return re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
