# SPDX-License-Identifier: Apache-2.0
"""CloudWatch and CloudWatch Logs as the destination of a schedule, in the manner of a FaultAgent. The service is that of
test/interop, and needs what its requirements.txt names: botocore judges every request."""
import atexit
import json
import pathlib
import sys
import time

INTEROP = pathlib.Path(__file__).resolve().parents[1] / "interop"
VENV = INTEROP.parents[1] / "build-interop" / "venv" / "lib"
sys.path += [str(INTEROP), *map(str, VENV.glob("python3*/site-packages"))]

from aws_faults import reset, server_error, silent, slow, throttled  # noqa: E402
from aws_metrics import distribution_of  # noqa: E402
from aws_service import Aws  # noqa: E402
from aws_tls import Certificates  # noqa: E402
from fault_arrivals import Datum  # noqa: E402
from rig_agent import Arrival  # noqa: E402

SINKS = ("cloudwatch", "logs")
CERTIFICATES = Certificates()
CONTEXT = CERTIFICATES.context()
atexit.register(CERTIFICATES.close)


class Cloud:
    """`macs` tells whose an ENI's id is."""

    def __init__(self, dice, sink, macs):
        self.dice, self.sink, self._macs = dice, sink, macs
        self.aws, self.ends, self.is_running = Aws(CONTEXT), [], True

    def __str__(self):
        return str(self.aws)

    @property
    def endpoint(self):
        return self.aws.endpoint

    def environment(self):
        return self.aws.environment(CERTIFICATES.ca)

    def settings(self):
        return {"publish.sink": self.sink, f"{self.sink}.spread": "0s"}

    # What goes wrong: requests that were under way may have been taken.

    def stop(self):
        self.is_running = False
        self.aws.stop()
        self.ends.append(time.time())

    def start(self):
        self.aws.heal()
        self.aws.start()
        self.is_running = True

    def reset(self):
        self.aws.fault("*", count=1, **reset(is_taken=self.dice.random() < 0.5))
        self.ends.append(time.time())

    def pause(self):
        is_taken = self.dice.random() < 0.5
        self.aws.fault("*", **self.dice.choice([
            server_error(503), server_error(500, is_taken), throttled(), reset(is_taken), silent(is_taken), slow(1.0)]))
        self.ends.append(time.time())

    def resume(self):
        self.aws.heal()
        self.ends.append(time.time())

    def settle(self):
        """What is read is judged at once."""

    # What came of it.

    @property
    def documents(self):
        """Of the logs."""
        return [Arrival(request.time, json.loads(event["message"]))
                for request in self.aws.asked("PutLogEvents", taken=True) for event in request.parameters["logEvents"]]

    @property
    def data(self):
        """[(unix time, Datum)] of the metrics."""
        return [(request.time, self._datum(datum)) for request in self.aws.asked("PutMetricData", taken=True)
                for part in (request.parameters, *request.parameters.get("EntityMetricData", []))
                for datum in part.get("MetricData", [])]

    def _datum(self, datum):
        dimensions = {d["Name"]: d["Value"] for d in datum["Dimensions"]}
        eni = dimensions.get("NetworkInterfaceId")
        pairs, _ = distribution_of(datum)
        return Datum(eni and self._macs.get(eni, eni), datum["MetricName"], round(datum["Timestamp"] * 1000),
                     frozenset(pairs))

    @property
    def garbage(self):
        """Without what a connection that we broke in the middle looks like, or a daemon that was killed there."""
        return [violation for violation in self.aws.violations
                if violation[0].method and violation[0].raw is not None] + self.aws.logs.emf_errors
