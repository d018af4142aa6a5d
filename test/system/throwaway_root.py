# SPDX-License-Identifier: Apache-2.0
"""A root file system for one test: programs of this machine, everything that may be written its own.

    rig.in_namespace()                            # first thing in a test script
    with ThrowawayRoot() as root:
        root.command("dnf", "exit 1")             # stands before the machine's own, and notes each call
        result = root.run("bash", "/tmp/script")  # as root, no process of it outlives it
        root.calls()                              # ["dnf -y install ..."]

The network is that of the caller. /usr is only read: what is installed goes to /usr/local and /etc.
"""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import time

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDERS = ("dev etc/apt/apt.conf.d etc/apt/preferences.d etc/systemd/system local/bin proc root run tmp usr "
           "var/cache/apt/archives/partial var/lib/apt/lists/partial var/lib/dpkg/info var/lib/dpkg/updates "
           "var/lib/dpkg/triggers var/log/apt")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nadm:x:4:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost packages.test\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/apt/sources.list": "",
    "etc/apt/apt.conf.d/root": 'APT::Sandbox::User "root";\n' f'DPkg::Path "{PATH}";\n',
    "var/lib/dpkg/status": "",
    "calls": "",
}
MOUNT = """
for name in usr proc dev; do mount --rbind "/$name" "$ROOT/$name" || exit 125; done
mount --bind "$ROOT/local" "$ROOT/usr/local" || exit 125
exec chroot "$ROOT" "$@"
"""


class Result:
    def __init__(self, status, said, seconds):
        self.status, self.said, self.seconds = status, said, seconds
        self.lines = [line for line in said.splitlines() if line.strip()]

    def __repr__(self):
        return f"exit status {self.status} after {self.seconds:.1f} s, said:\n{self.said}"


class ThrowawayRoot:
    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="enawatch-root-"))
        for folder in FOLDERS.split():
            (self.path / folder).mkdir(parents=True)
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):
            if os.path.islink(f"/{name}"):  # /usr is merged, as on every system since Debian 12
                (self.path / name).symlink_to(os.readlink(f"/{name}"))
        for name, text in FILES.items():
            self.write(name, text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def write(self, name, text, mode=0o644):
        path = self.path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def read(self, name):
        return (self.path / name.lstrip("/")).read_text()

    def mode(self, name):
        return stat.S_IMODE((self.path / name.lstrip("/")).stat().st_mode)

    def command(self, name, body):
        """A program by this name, a shell script, that notes its name and arguments and does as the body says."""
        self.write(f"local/bin/{name}", f'#!/bin/sh\necho "{name} $*" >>/calls\n{body}\n', 0o755)

    def calls(self, *names):
        """What was called, in order; of these commands only where some are named."""
        return [call for call in self.read("calls").splitlines() if not names or call.split()[0] in names]

    def run(self, *command, timeout=60, **environment):
        """Runs it to its end, and ends what it left behind."""
        outside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNT, "sh"]
        # Of the processes here LeakSanitizer would not find the number in /proc.
        inside = ["env", "-i", f"PATH={PATH}", "ASAN_OPTIONS=detect_leaks=0",
                  *(f"{key}={value}" for key, value in environment.items())]
        with open(self.path / "said", "wb") as said:
            began = time.monotonic()
            status = subprocess.run([*outside, *inside, *command], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                    timeout=timeout, env={**os.environ, "ROOT": str(self.path)}).returncode
            seconds = time.monotonic() - began
        return Result(status, self.read("said"), seconds)
