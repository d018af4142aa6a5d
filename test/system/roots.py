#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The root file systems that machines are started from. They stay in a folder, since making them takes minutes:

    roots.py FOLDER       makes what is not there, or was made by another recipe

FOLDER/bare is Debian 12 with systemd, the libraries that the package needs, and a user who may use sudo.
FOLDER/builder is that with what `packaging/install-dependencies package` installs. Mirror and proxy are those of this
machine's apt; in the roots nothing is left of them.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
INSTALL = TOP / "packaging" / "install-dependencies"
RELEASE = "bookworm"
USUAL_MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "sudo", "ca-certificates", "libcurl4", "libjansson4")
USER = "newcomer"
SUDOERS = f"{USER} ALL=(ALL) NOPASSWD: ALL\n"
# Of this machine, and only while a root is made.
BORROWED = ("etc/apt/apt.conf.d/borrowed", "etc/resolv.conf")


def run(*command, **named):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **named)
    if done.returncode != 0:
        sys.exit(f"{done.stdout[-4000:]}\n{command[0]}: exit status {done.returncode}")


def output(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout


def mirror():
    """Where this machine has Debian 12 from, else where everybody has it from."""
    lines = output("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    found = [line.split()[0] for line in lines.splitlines() if line.split()[1:] == [RELEASE, "main"]]
    return (found or [USUAL_MIRROR])[0]


def environment():
    """That of programs that fetch: with apt's proxy, if it has one."""
    proxy = re.search(r'^Acquire::http::Proxy "(.+)";$', output("apt-config", "dump"), re.MULTILINE)
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **({"http_proxy": proxy[1]} if proxy else {})}


def inside(root, *command, **named):
    """Runs it there, with this machine's network; no process of it is left behind."""
    run("unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--wd=/", "--mount-proc", *command,
        env={**environment(), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}, **named)


def make_bare(root):
    run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", RELEASE, root, mirror(), env=environment())
    inside(root, "useradd", "--create-home", "--shell", "/bin/bash", USER)
    (root / "etc/sudoers.d" / USER).write_text(SUDOERS)
    (root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n")
    (root / "etc/hostname").write_text("node\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost node\n::1 localhost\n")


def make_builder(root):
    run("cp", "-a", "--reflink=auto", root.with_name("bare"), root)
    settings = re.findall(r"^Acquire::.*", output("apt-config", "dump"), re.MULTILINE)
    (root / BORROWED[0]).write_text("\n".join(settings) + "\n")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    shutil.copy(INSTALL, root / "root/install")
    inside(root, "/root/install", "package")
    (root / "root/install").unlink()
    inside(root, "apt-get", "clean")
    shutil.rmtree(root / "var/lib/apt/lists")


def recipe(name):
    """What, when it is the same, need not be made again."""
    text = pathlib.Path(__file__).read_bytes() + (INSTALL.read_bytes() if name == "builder" else b"")
    return hashlib.sha256(text).hexdigest()


def make(name, maker, folder):
    root, note = folder / name, folder / f"{name}.recipe"
    if root.is_dir() and note.is_file() and note.read_text() == recipe(name):
        return
    print(f"making {root}", flush=True)
    note.unlink(missing_ok=True)
    if root.exists():
        run("rm", "-rf", "--one-file-system", root)
    maker(root)
    for file in BORROWED:
        (root / file).unlink(missing_ok=True)
    note.write_text(recipe(name))


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    make("bare", make_bare, folder)
    make("builder", make_builder, folder)


if __name__ == "__main__":
    sys.exit(main())
