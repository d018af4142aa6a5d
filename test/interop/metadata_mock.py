# SPDX-License-Identifier: Apache-2.0
"""AWS's own stand-in for the metadata service, amazon-ec2-metadata-mock: an independent judge of our requests.

    metadata_mock.py FOLDER                   # builds the mock into FOLDER unless it is there; prints its path

    with MetadataMock(values={"mac": "02:00:00:00:00:01"}) as mock:
        ...                                   # mock.endpoint: http://127.0.0.1:PORT

What it does otherwise than EC2 is held fast in metadata_mock_test.py. It knows one ENI, and no faults: for those
there is test/rig/rig_metadata.py.
"""
import base64
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

from counterpart import Counterpart

MODULE = pathlib.Path(__file__).resolve().parent / "metadata-mock"
PROGRAM = "github.com/aws/amazon-ec2-metadata-mock/cmd"
MACS = "/latest/meta-data/network/interfaces/macs/"
DEFAULT_MAC = "0e:49:61:0f:c3:11"  # in its paths, until values["mac"] takes its place


def build(folder):
    """The path of the mock in a folder, built if it is not there or older than what it is made from."""
    binary = pathlib.Path(folder).resolve() / "ec2-metadata-mock"
    if not binary.exists() or binary.stat().st_mtime < max(p.stat().st_mtime for p in MODULE.iterdir()):
        command = ["go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", str(binary), PROGRAM]
        if subprocess.run(command, cwd=MODULE, env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}).returncode:
            sys.exit(f"go build failed in {MODULE}")
        binary.touch()  # an unchanged program keeps its time
    return binary


class MetadataMock(Counterpart):
    """The mock, IMDSv2 only, on a free port of 127.0.0.1.

    `values` and `paths` are those of its configuration, named as in its aemm-metadata-default-values.json; `identity`
    has members of the instance identity document. What is not given is as it ships.
    """

    N_PORTS = 5  # that are tried: another program may be first

    def __init__(self, values=None, paths=None, identity=None, user_data=None):
        super().__init__()
        self._configuration = {"metadata": {"values": values or {}, "paths": paths or {}},
                               "dynamic": {"values": {"instance-identity-document": identity or {}}}}
        if user_data is not None:
            self._configuration["userdata"] = {"values": {"userdata": base64.b64encode(user_data).decode()}}
        self._start()

    def _start(self):
        for _ in range(self.N_PORTS):
            self._try()
            if self._is_up():
                return
            self._end()  # also one that runs, but not as it should
        log = self.log
        self._folder.cleanup()
        raise RuntimeError(f"the mock does not start:\n{log[-2000:]}")

    def _try(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        configuration = self._path("configuration.json")
        configuration.write_text(json.dumps(self._configuration), "utf-8")
        # It would also look for a configuration in HOME and in AEMM_*.
        self._run([os.environ["ENAWATCH_METADATA_MOCK"], "-I", "-n", "127.0.0.1", "-p", str(self.port),
                   "-c", str(configuration)], "AEMM_")

    def _is_up(self, timeout=10.0):
        """Whether it answers in time; False when it ended."""
        end = time.monotonic() + timeout
        while self._process.poll() is None and time.monotonic() < end:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
            try:
                connection.request("GET", "/latest/meta-data/mac")
                return connection.getresponse().status == 401
            except OSError:
                time.sleep(0.02)
            finally:
                connection.close()
        return False


if __name__ == "__main__":
    print(build(sys.argv[1]))
