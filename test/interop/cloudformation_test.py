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
from harness import AVAILABLE, BINARY, DATA, EXCEEDED, INSTANCE, is_instance, main, rig_library  # noqa: E402
from moto_service import Moto  # noqa: E402

FLEET, ONE = "enawatch.yaml", "instance.yaml"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:enawatch"
GIVEN = {FLEET: {"ClusterName": truth.CLUSTER}, ONE: {"InstanceId": INSTANCE, "TopicArn": TOPIC}}
LONGEST = {FLEET: {"ClusterName": "c" * 100, "Windows": 180, "WindowsToAlarm": 180, "SilentWindows": 180,
                   "NodesAtLeast": 10000},
           ONE: {"InstanceId": "i-" + "f" * 17, "TopicArn": TOPIC, "Windows": 180, "WindowsToAlarm": 180,
                 "SilentWindows": 180}}
VARIANTS = [(name, parameters) for name in (FLEET, ONE) for parameters in (
    GIVEN[name], {**GIVEN[name], "HighResolution": "true"}, LONGEST[name], {**GIVEN[name], "Signals": "Pps"})]
VARIANTS += [(FLEET, {}), (FLEET, {"Email": "oncall@example.com", "LogGroup": ""}), (FLEET, {
    "ClusterName": "second", "FleetAlarms": "false", "Dashboard": "false", "MakeLogGroup": "false", "TopicArn": TOPIC})]
VARIANTS += [(name, {**GIVEN[name], "PublishPeriodSeconds": period}) for name in (FLEET, ONE) for period in (300, 1800)]
VARIANTS += [(ONE, {**GIVEN[ONE], "PublishPeriodSeconds": 3600})]
VARIANTS += [(FLEET, {"PublishPeriodSeconds": period, "SilentWindows": n}) for period, n in ((1200, 9), (1800, 6))]
VARIANTS += [(FLEET, {**more, "PublishPeriodSeconds": 3600}) for more in (
    {**GIVEN[FLEET], "FleetAlarms": "false"}, {"Windows": 3, "WindowsToAlarm": 2, "SilentWindows": 3})]
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
                ("a period of", ONE, ("10, !Ref PublishPeriodSeconds]", "10, 90]")),
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

    def test_enis_are_compared_where_quiet_ones_are_to_be_seen(self):
        """A quiet ENI has no document by default, and with the sink cloudwatch none has."""
        done = subprocess.run([BINARY, "read", "-o", f"sample.replay={DATA / 'burst'}"], capture_output=True, text=True,
                              timeout=30)
        self.assertEqual(done.stdout.count(AVAILABLE), 2, done)
        for name in (FLEET, ONE):
            found = [alarm["AlarmDescription"] for alarm in alarms(rendered(name)).values()]
            self.assertEqual(sum("by enawatch read." in text for text in found), 2 if name == FLEET else 1)
            self.assertNotIn("Logs Insights", " ".join(found))

    def test_texts_name_the_dashboard_that_is_made(self):
        for is_made in ("true", "false"):
            for more in ({}, GIVEN[FLEET]):
                for key, alarm in alarms(Template(FLEET).render(**more, Dashboard=is_made)).items():
                    has_name = "dashboard enawatch-eu-west-1" in alarm["AlarmDescription"]
                    self.assertEqual(has_name, is_made == "true" and key != "Drill", (key, alarm["AlarmDescription"]))
                    self.assertEqual("dashboard" in alarm["AlarmDescription"], has_name)

    def test_the_log_group_is_made_or_shown_or_neither(self):
        for more, (is_made, n_shown) in (({}, (True, 2)), ({"MakeLogGroup": "false"}, (False, 2)),
                                         ({"LogGroup": ""}, (False, 0)),
                                         ({"LogGroup": "", "MakeLogGroup": "false"}, (False, 0))):
            resources = rendered(FLEET, **more)
            (body,) = dashboards(resources).values()
            shown = [w for w in body["widgets"] if w["type"] == "log"]
            self.assertEqual(("Events" in resources, len(shown)), (is_made, n_shown), more)

    def test_words_of_queries_are_told_from_names(self):
        self.assertEqual(fields_of_query("SOURCE 'a b' | fields @timestamp, x.y as z | stats max(w) by z | limit 5"),
                         {"x.y", "w"})


class Periods(unittest.TestCase):
    def test_those_of_a_minute_or_more_are_the_daemons(self):
        def is_taken(seconds):
            done = subprocess.run([BINARY, "run", "--print-config", "-o", f"publish.period={seconds}s"],
                                  capture_output=True, timeout=30)
            return done.returncode == 0
        taken = [seconds for seconds in range(60, 3661, 60) if is_taken(seconds)]
        for name in (FLEET, ONE):
            self.assertEqual(Template(name).tree["Parameters"]["PublishPeriodSeconds"]["AllowedValues"], taken)

    def test_every_part_but_the_drill_has_it(self):
        """Whose window is a minute in any configuration."""
        for name, parameters in ((FLEET, GIVEN[FLEET]), (FLEET, {}), (ONE, GIVEN[ONE])):
            resources = Template(name).render(**parameters, PublishPeriodSeconds=300)
            resources.pop("Drill", None)
            text = json.dumps(resources)
            self.assertEqual(set(re.findall(r'"?[Pp]eriod\\*": (\d+)', text)), {"300"}, name)
            self.assertEqual(set(re.findall(r"'(?:Sum|TC\(0:\)|SampleCount)', (\d+)\)", text)),
                             {"300"} if name == FLEET else set())
            self.assertNotIn("minute", text)

    def test_what_cloudwatch_would_refuse_is_refused_with_a_remedy(self):
        for name, remedy, parameters in (
                (FLEET, "PublishPeriodSeconds=60", {**GIVEN[FLEET], "HighResolution": "true",
                                                    "PublishPeriodSeconds": 300}),
                (ONE, "PublishPeriodSeconds=60", {**GIVEN[ONE], "HighResolution": "true", "PublishPeriodSeconds": 300}),
                (FLEET, "Windows=3 WindowsToAlarm=2", {**GIVEN[FLEET], "PublishPeriodSeconds": 3600}),
                (FLEET, "SilentWindows=3", {"PublishPeriodSeconds": 1200}),
                (FLEET, "SilentWindows=3", {"PublishPeriodSeconds": 1200, "SilentWindows": 10}),
                (FLEET, "SilentWindows=3", {"PublishPeriodSeconds": 1800, "SilentWindows": 7}),
                (FLEET, "SilentWindows=3", {"PublishPeriodSeconds": 3600, "SilentWindows": 4, "Windows": 3})):
            with self.assertRaisesRegex(ValueError, remedy):
                Template(name).render(**parameters)


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


def recording(*windows, seconds=60):
    """A text to be played: of each window, in so many of its seconds 100 link-local packets were dropped."""
    lines = ["time 2026-11-21T10:00:00Z", "interface ens5 mac=02:00:00:00:00:01 ifindex=2 driver=ena version=2.17.0g",
             "NIC statistics:", *(f"     {name}: 0" for name in EXCEEDED), f"     {AVAILABLE}: 136000"]
    for n in windows:
        for second in range(1, seconds + 1):
            is_throttled = seconds // 3 <= second < seconds // 3 + n or n == seconds
            lines += ["time +1s"] + [f"{METRIC}: +100"] * is_throttled
    return "\n".join(lines) + "\n"


def flood(seconds):
    """Likewise: in each second but the first each counter moves, and connection tracking is all but full."""
    moves = ["time +1s", *(f"{name}: +100" for name in EXCEEDED), f"{AVAILABLE}: 1000"]
    return recording(0, seconds=1) + "\n".join(moves * (seconds - 1)) + "\n"


def play_text(text, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        return truth.play(file.name, *options)


def published(documents, metric=METRIC):
    """{start of a window, in seconds: the values of the instance}"""
    found = {}
    for d in documents:
        if is_instance(d):
            found.setdefault(d["_aws"]["Timestamp"] // 1000, []).extend(d.get(metric, []))
    return found


def windows_of(documents, metric=METRIC):
    """The values of the instance, window by window."""
    return [values for _, values in sorted(published(documents, metric).items())]


class Fires(unittest.TestCase):
    """Default thresholds, over what the daemon makes of a recording."""

    @classmethod
    def setUpClass(cls):
        cls.rules = cls.rules_with()
        cls.quick = cls.rules_with(HighResolution="true")

    @staticmethod
    def rules_with(**more):
        """Of both templates, but for the drill's, which looks at another namespace."""
        found = {**alarms(rendered(FLEET, **more)), **{"One" + k: a for k, a in alarms(rendered(ONE, **more)).items()}}
        found.pop("Drill")
        return found

    def played(self, *counts, seconds=60):
        options = ["publish.period=10s", "publish.resolution=1"] if seconds == 10 else []
        windows = windows_of(play_text(recording(*counts, seconds=seconds), *options))
        self.assertEqual([(len(w), sum(v > 0 for v in w)) for w in windows], [(seconds, n) for n in counts])
        return windows

    def states(self, windows, *keys, rules=None):
        """By both ways to compute a percentile."""
        return [{Rule((rules or self.rules)[key], percentile).state(windows)
                 for percentile in (interpolated, nearest_rank)} for key in keys]

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
        """By samples: a node's worth of them that all together lack is a node less."""
        (node,) = self.played(0)
        slow, short = node[:6], node[:59]  # read every tenth second; one sample lost
        for more in (GIVEN[FLEET], {}):
            alarm = alarms(Template(FLEET).render(**more, NodesAtLeast=3))["Silent"]
            for nodes, state in (([node] * 3, "OK"), ([node] * 2, "ALARM"), ([node, node, slow], "OK"), ([], "ALARM"),
                                 ([node, slow, slow], "ALARM"), ([node, node, slow, slow], "OK"), ([short] * 3, "OK")):
                self.assertEqual(Rule(alarm).state([sum(nodes, [])] * 10), state, (more, len(nodes)))

    def test_one_silent_node_is_seen_in_a_fleet_of_any_size_and_lost_samples_are_not(self):
        for n in (1, 2, 10, 59):
            rule = Rule(alarms(rendered(FLEET, NodesAtLeast=n))["Silent"])
            self.assertEqual([rule.state([[0] * samples] * 10) for samples in (60 * n, 59 * n, 60 * (n - 1))],
                             ["OK", "OK", "ALARM"], n)

    def test_high_resolution_is_what_its_description_needs(self):
        """With the options that the description names, there is a data point for each of its periods."""
        for name, kind in ((ONE, "Instance"), (FLEET, "Cluster")):
            found = {key: a for key, a in alarms(rendered(name, HighResolution="true")).items()
                     if key.startswith(kind) and "Silent" not in key}
            self.assertEqual(len(found), 7)
            for alarm in found.values():
                options = [f"{k}={v}" for k, v in re.findall(r"(publish\.\w+) = (\w+)", alarm["AlarmDescription"])]
                self.assertEqual((alarm["Period"], options), (10, ["publish.period=10s", "publish.resolution=1"]))
        documents = [d for d in play_text(recording(0, 4, 0), *options) if is_instance(d)]
        begin = datetime.datetime(2026, 11, 21, 10, tzinfo=datetime.timezone.utc).timestamp() * 1000
        self.assertEqual([d["_aws"]["Timestamp"] for d in documents], [begin + n * 10000 for n in range(18)])
        self.assertEqual({m.get("StorageResolution") for d in documents
                          for m in d["_aws"]["CloudWatchMetrics"][0]["Metrics"]}, {1})

    def test_high_resolution_is_as_calm_for_an_instance(self):
        """Of a cluster, where one second each is enough, it is not."""
        for counts, one, cluster in (
                ([0, 0, 0, 0, 0], "OK", "OK"), ([0, 0, 1, 0, 0], "OK", "OK"), ([0, 0, 10, 0, 0], "OK", "OK"),
                ([1, 1, 1, 1, 1], "OK", "ALARM"), ([2, 2, 2, 2, 2], "OK", "ALARM"), ([0, 4, 0, 4, 0], "ALARM", "OK"),
                ([10, 0, 0, 0, 4], "ALARM", "OK"), ([4, 4, 4, 0, 0, 0, 0, 0], "OK", "OK")):
            windows = self.played(*counts, seconds=10)
            keys = ("OneInstanceLinkLocal", "ClusterLinkLocal")
            self.assertEqual(self.states(windows, *keys, rules=self.quick), [{one}, {cluster}], counts)
        three = self.played(0, 3, 0, 3, 0, seconds=10)
        self.assertEqual([Rule(self.quick["OneInstanceLinkLocal"], p).state(three)
                          for p in (interpolated, nearest_rank)], ["ALARM", "OK"])

    @staticmethod
    def fired(rules, documents, n_seconds):
        """Which of them did at some time until then, by either percentile."""
        found = set()
        for key, alarm in rules.items():
            (look,) = looks({key: {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}})[0]
            values = published(documents, look.metric)
            for rule in (Rule(alarm, interpolated), Rule(alarm, nearest_rank)):
                windows = rule.windows(values, min(values) + n_seconds)
                ever = [rule.state(windows[:n]) for n in range(alarm["EvaluationPeriods"], len(windows) + 1)]
                found |= {key} if "ALARM" in ever else set()
        return found

    def test_windows_of_five_minutes_have_alarms_that_fire(self):
        """Ten of them; in templates that were not told, one minute of five has data, and none fires."""
        documents = play_text(flood(3000), "publish.period=300s")
        quiet = play_text(recording(*[0] * 10, seconds=300), "publish.period=300s")
        self.assertEqual([len(w) for w in windows_of(documents) + windows_of(quiet)], [300] * 20)
        rules = self.rules_with(PublishPeriodSeconds=300)
        throttled = set(rules) - {"Silent", "OneSilent"}
        self.assertEqual(len(throttled), 21)
        self.assertEqual(self.fired(rules, documents, 3000), throttled)
        self.assertEqual(self.fired(rules, quiet, 3000), set())
        self.assertEqual(self.fired(rules, quiet, 6000), {"Silent", "OneSilent"})
        self.assertEqual(self.fired(self.rules, documents, 3000), set())

    def test_windows_of_five_minutes_count_nodes(self):
        documents = play_text(recording(*[0] * 10, seconds=300), "publish.period=300s")
        for more in (GIVEN[FLEET], {}):
            for n_nodes, fired in ((1, set()), (2, {"Silent"})):
                resources = Template(FLEET).render(**more, PublishPeriodSeconds=300, NodesAtLeast=n_nodes)
                rule = {"Silent": alarms(resources)["Silent"]}
                self.assertEqual(self.fired(rule, documents, 3000), fired, (more, n_nodes))


if __name__ == "__main__":
    main()
