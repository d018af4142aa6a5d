# SPDX-License-Identifier: Apache-2.0
"""A package by the name of enawatch, made in a moment: the real program, and a unit. And a systemctl for where there is
no systemd."""
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

BINARY = os.environ.get("ENAWATCH_BINARY", "enawatch")
PROGRAM = "usr/local/bin/enawatch"
# As of units in /usr/lib, a mask goes before it that lasts until the next boot.
FILE = "usr/local/lib/systemd/system/enawatch.service"
UNIT = """[Unit]
After=network-online.target
[Service]
ExecStart=/usr/local/bin/enawatch run
DynamicUser=yes
StateDirectory=enawatch
[Install]
WantedBy=multi-user.target
"""
# As a package's own script does: the service runs before anybody asked for it.
POSTINST = """#!/bin/sh
systemctl enable enawatch.service
systemctl restart enawatch.service || :
"""
# What it was told is in /run/unit; a service that starts writes its state where systemd has it with DynamicUser.
SYSTEMCTL = """
mkdir -p /run/unit
case "$*" in
*is-active*) [ -e /run/unit/active ] ;;
*is-enabled*) [ -e /run/unit/enabled ] ;;
enable*) touch /run/unit/enabled ;;
mask*) touch /run/unit/masked ;;
unmask*) rm /run/unit/masked ;;
start* | restart*)
    [ ! -e /run/unit/masked ] || exit 1
    touch /run/unit/active /run/unit/ran
    mkdir -p /var/lib/private/enawatch/deep
    ln -sfn private/enawatch /var/lib/enawatch
    echo x | tee /var/lib/private/enawatch/journal >/var/lib/private/enawatch/deep/file
    ;;
stop*) rm -f /run/unit/active ;;
*) exit 1 ;;
esac
"""


@functools.lru_cache(maxsize=None)
def deb(version="0.1.0", depends=""):
    """The bytes of a .deb."""
    with tempfile.TemporaryDirectory(prefix="enawatch-deb-") as folder:
        tree = pathlib.Path(folder) / "tree"
        for path in (PROGRAM, FILE, "DEBIAN/control"):
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shutil.which(BINARY), tree / PROGRAM)
        (tree / FILE).write_text(UNIT)
        (tree / "DEBIAN/postinst").write_text(POSTINST)
        (tree / "DEBIAN/postinst").chmod(0o755)
        (tree / "DEBIAN/control").write_text(
            f"Package: enawatch\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\n"
            f"Description: stand-in\n{f'Depends: {depends}' if depends else 'Section: misc'}\n")
        file = pathlib.Path(folder) / "enawatch.deb"
        subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, file], check=True,
                       stdout=subprocess.DEVNULL)
        return file.read_bytes()


# The lead of an .rpm, which is all that is looked at.
RPM = b"\xed\xab\xee\xdb" + bytes(92)
