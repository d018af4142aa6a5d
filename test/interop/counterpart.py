# SPDX-License-Identifier: Apache-2.0
"""A program that others wrote, in a process and a folder of its own: what metadata_mock.py and moto_service.py share.
"""
import os
import pathlib
import subprocess
import tempfile


class Counterpart:
    """On `port` of 127.0.0.1, once it is known. Whoever is one calls _run()."""

    scheme = "http"

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="enawatch-counterpart-")
        self._process = self.port = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        """For example http://127.0.0.1:5000."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def log(self):
        """All it said so far."""
        return self._path("log").read_text("utf-8", "replace")

    def stop(self):
        """Ends it; what it had is gone."""
        self._end()
        self._folder.cleanup()

    def _path(self, name):
        return pathlib.Path(self._folder.name) / name

    def _run(self, command, foreign, **variables):
        """In our environment, without variables that begin with one of `foreign`."""
        env = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        with open(self._path("log"), "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             cwd=self._folder.name, env={**env, "HOME": self._folder.name, **variables})

    def _end(self):
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
