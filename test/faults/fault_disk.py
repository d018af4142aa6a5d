# SPDX-License-Identifier: Apache-2.0
"""A small file system for the journal's directory, which fills up, is emptied, and is read-only at times."""
import os
import tempfile
import time

from rig_eni import run

SIZE_BYTES = 4 << 20
PAGE = 4096
RECOVERY_S = 10.0  # after which a daemon has surely written again


class Disk:
    """`directory` is on it. Needs a mount namespace: rig.in_namespace(mounts=True)."""

    def __init__(self):
        self._point = tempfile.mkdtemp(prefix="enawatch-disk-")
        run("mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES},mode=0755", "tmpfs", self._point)
        self.directory = os.path.join(self._point, "state")
        self._ballast = os.path.join(self._point, "ballast")
        self._full_since = self._full_until = float("-inf")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("umount", "--lazy", self._point)
        os.rmdir(self._point)

    @property
    def journal(self):
        return os.path.join(self.directory, "journal")

    @property
    def has_journal(self):
        return os.path.exists(self.journal)

    @property
    def is_full(self):
        return os.path.exists(self._ballast)

    def trouble_s(self, seconds):
        """How long ago it became full; 0.0 where there was room in the last so many seconds."""
        now = time.monotonic()
        return now - self._full_since if self.is_full or now - self._full_until < seconds else 0.0

    def fill(self):
        """To the last page; what is free in the last page of a file is its own."""
        if not self.is_full and time.monotonic() - self._full_until > RECOVERY_S:
            self._full_since = time.monotonic()
        with open(self._ballast, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE))
            except OSError:
                pass

    def empty(self):
        if not self.is_full:
            return
        try:
            os.unlink(self._ballast)
        except OSError:  # it is read-only, too: both are over
            self.read_only(False)
            os.unlink(self._ballast)
        self._full_until = time.monotonic()

    def read_only(self, on=True):
        """Refused by the kernel while a file on it is open for writing."""
        run("mount", "-o", f"remount,{'ro' if on else 'rw'}", self._point)
