# SPDX-License-Identifier: Apache-2.0
"""The peers as Debian packages: what is installed, else unpacked into a folder of ours. No service is
started, nothing is installed."""
import glob
import os
import pathlib
import shutil
import subprocess

NODE_EXPORTER, COLLECTD = "prometheus-node-exporter", "collectd-core"
PROGRAMS = {NODE_EXPORTER: "usr/bin/prometheus-node-exporter", COLLECTD: "usr/sbin/collectd"}


class Missing(Exception):
    """A peer that this machine cannot run, and why."""


def provide(package, folder):
    """The root below which the package's files are: / or the folder."""
    if os.access(f"/{PROGRAMS[package]}", os.X_OK):
        return "/"
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Missing(f"{package} is not installed, and there is no apt-get")
    os.makedirs(folder, exist_ok=True)
    if not _runs(folder, "apt-get", "-qq", "download", package):
        _runs(folder, "apt-get", "-qq", "update")
        if not _runs(folder, "apt-get", "-qq", "download", package):
            raise Missing(f"apt-get download {package} failed")
    deb, = glob.glob(os.path.join(folder, f"{package}_*.deb"))
    root = os.path.join(folder, package)
    if not _runs(folder, "dpkg-deb", "-x", deb, root):
        raise Missing(f"{deb} cannot be unpacked")
    return root


def check_libraries(*paths):
    """Missing when a library of these programs or plugins is not there."""
    for path in paths:
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False, timeout=20)
        absent = [line.split()[0] for line in listed.stdout.splitlines() if "not found" in line]
        if absent:
            raise Missing(f"{pathlib.Path(path).name} needs {', '.join(absent)}")


def _runs(folder, *command):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
