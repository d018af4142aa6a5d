# SPDX-License-Identifier: Apache-2.0
"""The CloudFormation templates: cfn-lint has no complaint; every name in them is one that the daemon emits; moto takes
every alarm and the dashboard; and the alarms fire when they should, over what the unmodified daemon publishes."""
import datetime
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import cfnlint.decode.cfn_yaml  # noqa: E402
from cfnlint.template import Template as LintTemplate  # noqa: E402
from cfnlint.template.transforms._language_extensions import language_extension  # noqa: E402

import cloudformation_truth as truth  # noqa: E402
from cloudformation_alarm import Rule, interpolated, nearest_rank  # noqa: E402
from cloudformation_names import alarms, complaints, dashboards, fields_of_query, looks  # noqa: E402
from cloudformation_template import Template, path_of  # noqa: E402
from harness import AVAILABLE, DATA, EXCEEDED, INSTANCE, is_instance, main, rig_library  # noqa: E402
from moto_service import Moto  # noqa: E402

FLEET, ONE = "enawatch.yaml", "instance.yaml"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:enawatch"
GIVEN = {FLEET: {"ClusterName": truth.CLUSTER}, ONE: {"InstanceId": INSTANCE, "TopicArn": TOPIC}}
LONGEST = {FLEET: {"ClusterName": "c" * 100, "Windows": 180, "WindowsToAlarm": 180, "SilentMinutes": 180,
                   "NodesAtLeast": 10000},
           ONE: {"InstanceId": "i-" + "f" * 17, "TopicArn": TOPIC, "Windows": 180, "WindowsToAlarm": 180,
                 "SilentMinutes": 180}}
VARIANTS = [(name, parameters) for name in (FLEET, ONE) for parameters in (
    GIVEN[name], {**GIVEN[name], "HighResolution": "true"}, LONGEST[name], {**GIVEN[name], "Signals": "Pps"})]
VARIANTS += [(FLEET, {}), (FLEET, {"FleetAlarms": "false", "Dashboard": "false", "LogGroup": "", "TopicArn": TOPIC}),
             (FLEET, {"Email": "oncall@example.com", "LogGroup": ""})]
METRIC = "linklocal_allowance_exceeded"


def rendered(name, **more):
    return Template(name).render(**{**GIVEN[name], **more})


def lint(*paths):
    return subprocess.run([sys.executable, "-c", "import cfnlint.runner; cfnlint.runner.main()", *map(str, paths)],
                          capture_output=True, text=True, timeout=120)


class Lint(unittest.TestCase):
    def test_cfn_lint_has_no_complaint(self):
        done = lint(path_of(FLEET), path_of(ONE))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_templates_are_small_enough_to_be_sent(self):
        """51,200 bytes: larger ones need a bucket."""
        for name in (FLEET, ONE):
            self.assertLess(path_of(name).stat().st_size, 51200)

    def test_cfn_lint_sees_into_the_loops(self):
        text = path_of(ONE).read_text("ascii")
        for right, wrong in (("TreatMissingData: notBreaching", "TreatMissingData: notBreached"),
                             ("Signal, Operator]", "Signal, Operators]")):
            self.assertIn(right, text)
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                file.write(text.replace(right, wrong))
                file.flush()
                self.assertIn(re.findall(r"\w+", wrong)[-1], lint(file.name).stdout)

    def test_loops_are_what_cfn_lint_takes_them_for(self):
        for name in (FLEET, ONE):
            tree = cfnlint.decode.cfn_yaml.load(str(path_of(name)))
            wrong, expanded = language_extension(LintTemplate(name, tree, ["eu-west-1"]))
            self.assertEqual(wrong, [])
            theirs = Template(name)
            theirs.tree = expanded
            self.assertNotIn("ForEach", " ".join(expanded["Resources"]))
            self.assertEqual(theirs.render(**GIVEN[name]), rendered(name), name)


class Names(unittest.TestCase):
    """Against what the daemon emits."""

    @classmethod
    def setUpClass(cls):
        with rig_library.Rig() as bench:
            cls.emitted = truth.Emitted(truth.run_on(bench) + truth.drill())

    def complaints(self, name, *changes):
        """Of a template in which texts are replaced."""
        text = path_of(name).read_text("ascii")
        for right, wrong in changes:
            self.assertIn(right, text)
            text = text.replace(right, wrong)
        return complaints(Template(name, text).render(**GIVEN[name]), self.emitted)

    def assert_complaint(self, pattern, name, *changes):
        found = self.complaints(name, *changes)
        self.assertTrue([text for text in found if re.search(pattern, text)], (changes, found))

    def test_all_names_are_emitted_and_all_limits_are_held(self):
        for name, parameters in VARIANTS:
            self.assertEqual(complaints(Template(name).render(**parameters), self.emitted), [], (name, parameters))

    def test_truth_is_whole(self):
        """Eight metrics by default and five of ENA Express, of the instance in two sets."""
        of = {frozenset(s): {m for _, d, m in self.emitted.metrics if d == frozenset(s)}
              for s in (["InstanceId"], ["ClusterName"], ["InstanceId", "NetworkInterfaceId"])}
        self.assertEqual([len(names) for names in of.values()], [13, 13, 10])
        self.assertEqual(self.emitted.eni_sets, {frozenset({"InstanceId", "NetworkInterfaceId"})})

    def test_wrong_names_are_found(self):
        for wrong in (("Metric: pps_allowance_exceeded", "Metric: pps_allowances_exceeded"),
                      ("Metric: linklocal_allowance_exceeded", "Metric: self_lies"),
                      ("Name: ClusterName,", "Name: Cluster,"),
                      ("Namespace: !Ref Namespace\n          M", "Namespace: CWAgent\n          M"),
                      ("${Namespace}/Drill", "${Namespace}/Drills"),
                      ("{Name: Drill,", "{Name: InstanceId,"),
                      ("SELECT MAX(kernel_conntrack_used", "SELECT MAX(kernel_conntrack_count_used"),
                      ("SELECT COUNT(linklocal_allowance_exceeded)", "SELECT COUNT(linklocal_exceeded)"),
                      (r"SUM(SEARCH('${Node} MetricName=\"pps_", r"SUM(SEARCH('${Node} MetricName=\"pss_"),
                      (r"OR \"pps_", r"OR \"pss_"),
                      ("Eni: !Sub '{\\\"${Namespace}\\\",InstanceId,", "Eni: !Sub '{\\\"${Namespace}\\\",")):
            self.assert_complaint("nobody emits", FLEET, wrong)
        for wrong in (("Metric: pps_allowance_exceeded", "Metric: pps_allowance_exceeded_"),
                      ("Name: InstanceId,", "Name: Instance,")):
            self.assert_complaint("nobody emits", ONE, wrong)
        self.assert_complaint("no document has self_records_lost", FLEET, ("self_records_expired", "self_records_lost"))

    def test_queries_that_count_twice_are_found(self):
        right = 'FROM SCHEMA("${Namespace}", InstanceId)\n'
        self.assert_complaint(r"without SCHEMA\(\)", FLEET, (right, 'FROM "${Namespace}"\n'))
        self.assert_complaint("nobody emits", FLEET, (right, right.replace("InstanceId", "InstanceId, ClusterName")))
        self.assert_complaint("in no order", FLEET, (" ORDER BY ${Function}() ${Order}", ""))

    def test_alarms_on_enis_are_found(self):
        self.assert_complaint("an alarm on an ENI", FLEET, ('SCHEMA("${Namespace}", InstanceId)\n',
                                                            'SCHEMA("${Namespace}", InstanceId, NetworkInterfaceId)\n'))
        self.assert_complaint("an alarm on an ENI", ONE, (
            "- {Name: InstanceId, Value: !Ref InstanceId}\n          Ex",
            "- {Name: InstanceId, Value: a}\n            - {Name: NetworkInterfaceId, Value: b}\n          Ex"))

    def test_limits_that_are_broken_are_found(self):
        for pattern, name, change in (
                ("a period of", ONE, ("10, 60]", "10, 90]")),
                ("looks back", ONE, ("EvaluationPeriods: !Ref Windows", "EvaluationPeriods: 1441")),
                ("Metrics Insights", FLEET, ("EvaluationPeriods: !Ref Windows", "EvaluationPeriods: 181")),
                ("an expression that no alarm", FLEET, (
                    "Expression: !Sub CEIL(", "Expression: !Sub SUM(SEARCH('{\"${Namespace}\",InstanceId} "
                    f"MetricName=\"{METRIC}\"', 'Sum', 60)) + CEIL(")),
                ("more data points", ONE, ("DatapointsToAlarm: !Ref WindowsToAlarm", "DatapointsToAlarm: 6")),
                ("a description of", ONE, ("Packets were DROPPED", "Packets were DROPPED" + " indeed" * 100)),
                ("no runbook", FLEET, ("Nothing to do; it", "It")),
                ("lie on each other", FLEET, ('"x": 4, "y": 8', '"x": 3, "y": 8')),
                ("two alarms", ONE, ("${AWS::StackName}-${Metric}", "${AWS::StackName}"))):
            self.assert_complaint(pattern, name, change)

    def test_both_templates_have_alarms_for_all_allowances(self):
        allowances = {*EXCEEDED, AVAILABLE}
        sets = {}
        for name in (FLEET, ONE):
            resources = rendered(name)
            for look in looks(resources)[0]:
                if look.where in alarms(resources) and "Drill" not in look.dimensions:
                    sets.setdefault((name, look.dimensions), set()).add(look.metric)
        self.assertEqual({key: metrics & allowances for key, metrics in sets.items()}, {
            (FLEET, frozenset({"ClusterName"})): allowances, (FLEET, frozenset({"InstanceId"})): allowances,
            (ONE, frozenset({"InstanceId"})): allowances})

    def test_a_drill_fires_its_alarm_and_no_other(self):
        documents = truth.drill()
        of_drill = truth.Emitted(documents).metrics
        watching = {look.where for look in looks(rendered(FLEET))[0]
                    if (look.namespace, look.dimensions, look.metric) in of_drill}
        self.assertEqual(watching, {"Drill"})
        alarm = rendered(FLEET)["Drill"]["Properties"]
        (document,) = documents
        self.assertEqual({d["Name"]: d["Value"] for d in alarm["Dimensions"]}, {"Drill": document["Drill"]})
        self.assertEqual(Rule(alarm).state([document[METRIC], None, None]), "ALARM")

    def test_runbooks_are_the_same_in_both(self):
        texts = [{signal: about["Runbook"] for signal, about in Template(name).tree["Mappings"]["About"].items()}
                 for name in (FLEET, ONE)]
        self.assertEqual(*texts)

    def test_words_of_queries_are_told_from_names(self):
        self.assertEqual(fields_of_query("SOURCE 'a b' | fields @timestamp, x.y as z | stats max(w) by z | limit 5"),
                         {"x.y", "w"})


class Taken(unittest.TestCase):
    """By moto. What boto3 does not let through, CloudFormation would not either."""

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)
        cls.cloudwatch = cls.moto.client("cloudwatch")

    def test_every_alarm_is_taken_and_read_back(self):
        for name, parameters in VARIANTS:
            for key, alarm in alarms(Template(name).render(**parameters)).items():
                self.cloudwatch.put_metric_alarm(**alarm)
                found = self.cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
                self.assertEqual(len(found), 1, key)
                self.assertEqual({name: found[0].get(name) for name in alarm}, alarm, key)

    def test_the_dashboard_is_taken_and_read_back(self):
        properties = rendered(FLEET)["Questions"]["Properties"]
        self.cloudwatch.put_dashboard(**properties)
        found = self.cloudwatch.get_dashboard(DashboardName=properties["DashboardName"])
        self.assertEqual(json.loads(found["DashboardBody"]), json.loads(properties["DashboardBody"]))

    def test_a_row_of_the_dashboard_is_a_question(self):
        (body,) = dashboards(rendered(FLEET)).values()
        self.assertEqual([re.match("## ([^?]*[?])", w["properties"]["markdown"])[1] for w in body["widgets"]
                          if w["type"] == "text"],
                         ["Which limit?", "Which node?", "Which ENI?", "How many seconds?",
                          "How full is connection tracking?", "Who has gone silent?", "What else is known?"])
        self.assertIn("'TC(0:)'", json.dumps(body))


def recording(*minutes):
    """A text to be played: of each minute, in so many of its seconds 100 link-local packets were dropped."""
    lines = ["time 2026-11-21T10:00:00Z", "interface ens5 mac=02:00:00:00:00:01 ifindex=2 driver=ena version=2.17.0g",
             "NIC statistics:", *(f"     {name}: 0" for name in EXCEEDED), f"     {AVAILABLE}: 136000"]
    for n in minutes:
        for second in range(1, 61):
            lines += ["time +1s"] + [f"{METRIC}: +100"] * (20 <= second < 20 + n or n == 60)
    return "\n".join(lines) + "\n"


def windows_of(documents, metric=METRIC):
    """The values of the instance, window by window."""
    found = {}
    for d in documents:
        if is_instance(d):
            found.setdefault(d["_aws"]["Timestamp"], []).extend(d.get(metric, []))
    return [found[key] for key in sorted(found)]


class Fires(unittest.TestCase):
    """Default thresholds, over what the daemon makes of a recording."""

    @classmethod
    def setUpClass(cls):
        cls.rules = {**alarms(rendered(FLEET)), **{"One" + key: a for key, a in alarms(rendered(ONE)).items()}}

    def played(self, *minutes):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(recording(*minutes))
            file.flush()
            windows = windows_of(truth.play(file.name))
        self.assertEqual([(len(w), sum(v > 0 for v in w)) for w in windows], [(60, n) for n in minutes])
        return windows

    def states(self, windows, *keys):
        """By both ways to compute a percentile."""
        return [{Rule(self.rules[key], percentile).state(windows) for percentile in (interpolated, nearest_rank)}
                for key in keys]

    def assert_states(self, minutes, one, merged):
        windows = self.played(*minutes)
        self.assertEqual(self.states(windows, "OneInstanceLinkLocal", "ClusterLinkLocal", "FleetLinkLocal"),
                         [{one}, {merged}, {merged}], minutes)

    def test_nothing_is_no_alarm(self):
        self.assert_states([0, 0, 0, 0, 0], "OK", "OK")

    def test_a_burst_of_a_second_is_no_alarm(self):
        self.assert_states([0, 0, 1, 0, 0], "OK", "OK")

    def test_bursts_of_one_or_two_seconds_are_none_of_an_instance_however_often(self):
        """Merged with others they would be: more than a second in three of five minutes."""
        self.assert_states([1, 1, 1, 1, 1], "OK", "ALARM")
        self.assert_states([2, 2, 2, 2, 2], "OK", "ALARM")

    def test_more_than_three_seconds_in_two_of_five_minutes_are_an_alarm(self):
        self.assert_states([0, 4, 0, 4, 0], "ALARM", "OK")
        self.assert_states([20, 0, 0, 0, 9], "ALARM", "OK")

    def test_three_seconds_are_where_percentiles_are_of_two_minds(self):
        windows = self.played(0, 3, 0, 3, 0)
        alarm = self.rules["OneInstanceLinkLocal"]
        self.assertEqual([Rule(alarm, p).state(windows) for p in (interpolated, nearest_rank)], ["ALARM", "OK"])

    def test_one_bad_minute_is_no_alarm(self):
        self.assert_states([0, 0, 60, 0, 0], "OK", "OK")

    def test_three_of_five_minutes_are_an_alarm_of_the_node_and_the_cluster(self):
        self.assert_states([0, 5, 5, 0, 5], "ALARM", "ALARM")

    def test_an_alarm_ends(self):
        self.assert_states([9, 9, 9, 0, 0, 0, 0, 0], "OK", "OK")

    def test_connection_tracking_is_told_before_it_drops(self):
        """The recording of a table that runs full: 3 seconds of drops, all in one minute."""
        documents = truth.play(DATA / "conntrack")
        dropped = windows_of(documents, "conntrack_allowance_exceeded")
        self.assertEqual(self.states(dropped, "OneInstanceConntrack"), [{"OK"}])
        quiet = truth.play(DATA / "quiet")
        for key, metric in (("ConntrackUsed", "conntrack_allowance_used_percent"), ("ConntrackAvailable", AVAILABLE)):
            keys = ["OneInstance" + key, "Cluster" + key, "Fleet" + key]
            self.assertEqual(self.states(2 * windows_of(documents, metric), *keys), [{"ALARM"}] * 3, key)
            self.assertEqual(self.states(2 * windows_of(quiet, metric), *keys), [{"OK"}] * 3, key)

    def test_a_silent_instance_is_an_alarm_and_of_no_other_alarm(self):
        (minute,) = self.played(0)
        self.assertEqual(self.states([minute] + [None] * 10, "OneSilent", "OneInstanceLinkLocal"), [{"ALARM"}, {"OK"}])
        self.assertEqual(self.states([minute] + [None] * 9, "OneSilent"), [{"OK"}])

    def test_nodes_that_publish_are_counted(self):
        (node,) = self.played(0)
        slow = node[:6]  # read every tenth second
        for key, more in (("ClusterSilent", GIVEN[FLEET]), ("FleetSilent", {})):
            rule = Rule(alarms(Template(FLEET).render(**more, NodesAtLeast=3))[key])
            for nodes, state in (([node] * 3, "OK"), ([node] * 2, "ALARM"), ([node, node, slow], "OK"), ([], "ALARM")):
                self.assertEqual(rule.state([sum(nodes, [])] * 10), state, (key, len(nodes)))

    def test_high_resolution_is_what_its_description_needs(self):
        """With the options that the description names, there is a data point for each of its periods."""
        for name, kind in ((ONE, "Instance"), (FLEET, "Cluster")):
            found = {key: a for key, a in alarms(rendered(name, HighResolution="true")).items()
                     if key.startswith(kind) and "Silent" not in key}
            self.assertEqual(len(found), 7)
            for alarm in found.values():
                options = [f"{k}={v}" for k, v in re.findall(r"(publish\.\w+) = (\w+)", alarm["AlarmDescription"])]
                self.assertEqual((alarm["Period"], options), (10, ["publish.period=10s", "publish.resolution=1"]))
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(recording(0, 4, 0))
            file.flush()
            documents = [d for d in truth.play(file.name, *options) if is_instance(d)]
        begin = datetime.datetime(2026, 11, 21, 10, tzinfo=datetime.timezone.utc).timestamp() * 1000
        self.assertEqual([d["_aws"]["Timestamp"] for d in documents], [begin + n * 10000 for n in range(18)])
        self.assertEqual({m.get("StorageResolution") for d in documents
                          for m in d["_aws"]["CloudWatchMetrics"][0]["Metrics"]}, {1})


if __name__ == "__main__":
    main()
