# SPDX-License-Identifier: Apache-2.0
"""CloudWatch Logs: groups, streams and their events, what PutLogEvents refuses beyond the model's own limits, and
which events it leaves out.

    logs.events("/enawatch", "i-1")[0].message

Limits: the documentation of PutLogEvents in the model.
"""
import collections
import dataclasses

from aws_emf import EmfError, extract
from aws_model import RANGE, Complaint
from aws_signature import Refusal

MAX_BATCH_BYTES = MAX_EVENT_BYTES = 1 << 20
EVENT_BYTES = 26  # that each event counts for beside its message
SPAN_MS = 24 * 3600 * 1000
PAST_S, FUTURE_S, DAY_S = 14 * 86400, 2 * 3600, 86400

LogEvent = collections.namedtuple("LogEvent", "time_ms message")


@dataclasses.dataclass
class Group:
    """`retention_days` None: events are kept for ever."""
    retention_days: int = None
    streams: dict = dataclasses.field(default_factory=dict)  # lists of LogEvent by name


class Logs:
    """`emf_errors` has (LogEvent, why) of those that were to be metrics and are not. `refused_texts`: a batch with one
    of these in a message is invalid, whatever it says."""

    def __init__(self, metrics):
        self.groups, self.emf_errors, self.refused_texts, self._metrics = {}, [], [], metrics

    # --- What tests ask, and do ---

    def add_group(self, name, *streams, retention_days=None):
        """As if somebody had created them before."""
        self.groups[name] = Group(retention_days, {stream: [] for stream in streams})

    def remove_group(self, name):
        del self.groups[name]

    def events(self, group, stream):
        """All that were taken, in the order in which they came."""
        return list(self.groups[group].streams[stream])

    # --- What the service does: each gives what is to be kept later, and the answer ---

    def create_log_group(self, parameters):
        name = parameters["logGroupName"]
        if name in self.groups:
            raise Refusal("ResourceAlreadyExistsException", "The specified log group already exists",
                          is_violation=False)
        return lambda: self.add_group(name), None

    def create_log_stream(self, parameters):
        group, stream = self._group(parameters), parameters["logStreamName"]
        if stream in group.streams:
            raise Refusal("ResourceAlreadyExistsException", "The specified log stream already exists",
                          is_violation=False)
        return lambda: group.streams.setdefault(stream, []), None

    def put_log_events(self, parameters, now):
        group, events = self._group(parameters), parameters["logEvents"]
        if parameters["logStreamName"] not in group.streams:
            raise Refusal("ResourceNotFoundException", "The specified log stream does not exist.", is_violation=False)
        if any(text in event["message"] for text in self.refused_texts for event in events):
            raise Refusal("InvalidParameterException", "the test wants it so", is_violation=False)
        begin, end, rejected = self._kept(events, group.retention_days, now)
        if begin < end and events[end - 1]["timestamp"] - events[begin]["timestamp"] > SPAN_MS:
            raise Refusal("InvalidParameterException", "The batch of log events in a single PutLogEvents request "
                          "cannot span more than 24 hours.")
        kept = [LogEvent(e["timestamp"], e["message"]) for e in events[begin:end]]
        answer = {"nextSequenceToken": "0"}
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        return lambda: self._keep(group.streams[parameters["logStreamName"]], kept, now), answer

    @staticmethod
    def complaints(operation, parameters):
        """All that the service has against parameters that are as the model wants them."""
        if operation == "CreateLogGroup" and parameters["logGroupName"].startswith("aws/"):
            yield Complaint(RANGE, "logGroupName", "can't start with aws/")
        if operation != "PutLogEvents":
            return
        events = parameters["logEvents"]
        sizes = [len(event["message"].encode("utf-8", "surrogatepass")) for event in events]
        for i, size in enumerate(sizes):
            if size > MAX_EVENT_BYTES:
                yield Complaint(RANGE, f"logEvents.{i + 1}", f"Log event too large: {size} bytes")
        total = sum(sizes) + EVENT_BYTES * len(sizes)
        if total > MAX_BATCH_BYTES:
            yield Complaint(RANGE, "logEvents", f"Upload too large: {total} bytes exceeds limit of {MAX_BATCH_BYTES}")
        times = [event["timestamp"] for event in events]
        if times != sorted(times):
            yield Complaint(RANGE, "logEvents", "Log events in a single PutLogEvents request must be in "
                            "chronological order.")

    def _group(self, parameters):
        if parameters["logGroupName"] not in self.groups:
            raise Refusal("ResourceNotFoundException", "The specified log group does not exist.", is_violation=False)
        return self.groups[parameters["logGroupName"]]

    @staticmethod
    def _kept(events, retention_days, now):
        """(first, end) of the events that are kept, and what rejectedLogEventsInfo says of the others; the first of
        those that are too new, the one after the last of those that are too old, or past the retention."""
        times, rejected = [event["timestamp"] for event in events], {}
        begin, end = sum(t < (now - PAST_S) * 1000 for t in times), sum(t <= (now + FUTURE_S) * 1000 for t in times)
        if begin:
            rejected["tooOldLogEventEndIndex"] = begin
        if retention_days is not None:
            n_expired = sum(t < (now - retention_days * DAY_S) * 1000 for t in times)
            if n_expired > begin:
                rejected["expiredLogEventEndIndex"] = begin = n_expired
        if end < len(times):
            rejected["tooNewLogEventStartIndex"] = end
        return begin, end, rejected

    def _keep(self, stream, events, now):
        stream.extend(events)
        for event in events:
            try:
                for namespace, datum, timestamp in extract(event.message, self._metrics, now):
                    self._metrics.add(namespace, datum, timestamp)
            except EmfError as error:
                self.emf_errors.append((event, str(error)))
