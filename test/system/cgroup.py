# SPDX-License-Identifier: Apache-2.0
"""Control groups: one of our own in every hierarchy that this machine has mounted, be that the one of cgroup2, those of
version 1, or both. Who is root but has no service manager that delegates one makes it below its own."""
import os
import pathlib
import time

INHERITED = ("cpuset.cpus", "cpuset.mems")  # version 1: without them nobody may enter


def _mounts():
    """(kind, options, folder, its root) of each mounted hierarchy."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield kind, set(options.split(",")), pathlib.Path(before.split()[4]), before.split()[3]


def _folders():
    """That of this process in each hierarchy."""
    mounts = list(_mounts())
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        wanted = ("cgroup2", set()) if number == "0" else ("cgroup", set(names.split(",")))
        for kind, options, folder, root in mounts:
            if kind == wanted[0] and wanted[1] <= options:
                yield folder / os.path.relpath(path, root)
                break


class Group:
    """`folders`: in each hierarchy one."""

    def __init__(self, folders):
        self.folders = list(folders)

    @classmethod
    def own(cls):
        """That of this process."""
        return cls(_folders())

    def parent(self):
        return Group(folder.parent for folder in self.folders)

    def child(self, name):
        """Makes one below it, which is to have the same controllers."""
        for folder in self.folders:
            self._delegate(folder)
            (folder / name).mkdir()
            for file in INHERITED:
                if (folder / file).exists() and not (folder / "cgroup.type").exists():
                    (folder / name / file).write_text((folder / file).read_text())
        return Group(folder / name for folder in self.folders)

    @staticmethod
    def _delegate(folder):
        if not (folder / "cgroup.controllers").exists():
            return
        for controller in (folder / "cgroup.controllers").read_text().split():
            try:
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError:
                pass  # there are processes in it: then its children do without

    def enter(self):
        """With the calling process; what it starts from then on is there, too."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def remove(self, patience_s=5):
        """With all below it, when the processes have gone."""
        end = time.monotonic() + patience_s
        for top in self.folders:
            for folder, _, _ in os.walk(top, topdown=False):
                while True:
                    try:
                        os.rmdir(folder)
                    except OSError:
                        if time.monotonic() > end:
                            raise
                        time.sleep(0.05)
                        continue
                    break
