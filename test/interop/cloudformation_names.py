# SPDX-License-Identifier: Apache-2.0
"""What the alarms and the dashboard of a rendered template look at, and what is wrong with that: names that the daemon
does not emit, and limits of CloudWatch that are not held.

    complaints(template.render(), emitted)   # [] or texts; `emitted` is of cloudformation_truth.py
"""
import collections
import json
import re

Look = collections.namedtuple("Look", "where namespace dimensions metric statistic")

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
SELECT = re.compile(rf"SELECT (AVG|COUNT|MAX|MIN|SUM)\(({NAME})\) FROM SCHEMA\(\"([^\"]+)\"((?:, {NAME})+)\)"
                    rf"(?: GROUP BY ({NAME}(?:, {NAME})*))?(?: ORDER BY (\w+)\(\) (?:ASC|DESC))?(?: LIMIT \d+)?")
SEARCH = re.compile(rf"SEARCH\('\{{\"([^\"]+)\"((?:,{NAME})+)\}} MetricName=(\"[^']+\"|\([^']+\))', '([^']+)', (\d+)\)")
FUNCTIONS = {"SUM", "SORT", "CEIL", "DESC", "ASC"}
FIELD = re.compile(rf"\b{NAME}(?:\.{NAME})?\b")
QUERY_WORDS = set("""SOURCE filter ispresent and not fields as sort desc limit stats max sum latest by""".split())
HOUR, DAY = 3600, 86400


def words(text):
    return [word.strip() for word in text.split(",") if word.strip()]


def alarms(resources):
    return {key: r["Properties"] for key, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}


def dashboards(resources):
    return {key: json.loads(r["Properties"]["DashboardBody"]) for key, r in resources.items()
            if r["Type"] == "AWS::CloudWatch::Dashboard"}


def looks_of_select(where, text):
    """Raises ValueError for what is not a query over one dimension set."""
    match = SELECT.fullmatch(text)
    if not match:
        raise ValueError(f"{where}: not understood, or without SCHEMA(): {text}")
    function, metric, namespace, dimensions, groups, order = match.groups()
    if not set(words(groups or "")) <= set(words(dimensions)) or order not in (None, function):
        raise ValueError(f"{where}: groups or orders by what is not selected: {text}")
    return [Look(where, namespace, frozenset(words(dimensions)), metric, function)]


def looks_of_math(where, text, ids):
    """Of an expression with searches in it, or of arithmetic on other ids."""
    found = [Look(where, namespace, frozenset(words(dimensions)), metric, statistic)
             for namespace, dimensions, metrics, statistic, _ in SEARCH.findall(text)
             for metric in re.findall(r'"([^"]+)"', metrics)]
    unknown = set(re.findall(NAME, SEARCH.sub("", text))) - FUNCTIONS - set(ids)
    if unknown:
        raise ValueError(f"{where}: {sorted(unknown)} in {text}")
    return found


def looks_of_expression(where, text, ids):
    return looks_of_select(where, text) if text.startswith("SELECT") else looks_of_math(where, text, ids)


def looks_of_alarm(where, alarm):
    if "Metrics" not in alarm:
        return [Look(where, alarm["Namespace"], frozenset(d["Name"] for d in alarm["Dimensions"]), alarm["MetricName"],
                     alarm.get("Statistic") or alarm["ExtendedStatistic"])]
    found, ids = [], [query["Id"] for query in alarm["Metrics"]]
    for query in alarm["Metrics"]:
        if "Expression" in query:
            found += looks_of_expression(where, query["Expression"], ids)
        else:
            metric = query["MetricStat"]["Metric"]
            found.append(Look(where, metric["Namespace"], frozenset(d["Name"] for d in metric["Dimensions"]),
                              metric["MetricName"], query["MetricStat"]["Stat"]))
    return found


def looks_of_widget(where, widget):
    """Widgets of ours have expressions only."""
    rows = widget["properties"].get("metrics", [])
    ids = [row[-1]["id"] for row in rows]
    return [look for row in rows for look in looks_of_expression(where, row[-1]["expression"], ids)]


def looks(resources):
    """(what is looked at, what is not understood)"""
    found, wrong = [], []
    things = [(looks_of_alarm, key, alarm) for key, alarm in alarms(resources).items()]
    things += [(looks_of_widget, f"{key}: {widget['properties'].get('title')}", widget)
               for key, body in dashboards(resources).items() for widget in body["widgets"]]
    for read, where, thing in things:
        try:
            found += read(where, thing)
        except ValueError as error:
            wrong.append(str(error))
    return found, wrong


# --- What is wrong ---

def name_complaints(resources, emitted):
    found, wrong = looks(resources)
    yield from wrong
    for look in found:
        if (look.namespace, look.dimensions, look.metric) not in emitted.metrics:
            yield f"{look.where}: nobody emits {look.namespace} {sorted(look.dimensions)} {look.metric}"
        if look.where in alarms(resources) and look.dimensions in emitted.eni_sets:
            yield f"{look.where}: an alarm on an ENI, which publishes only when it is throttled"
    for key, body in dashboards(resources).items():
        for widget in body["widgets"]:
            for name in fields_of_query(widget["properties"].get("query", "")) - emitted.members:
                yield f"{key}: no document has {name}"


def fields_of_query(query):
    """Names of members in a query of Logs Insights: all that is no word of the language, and not defined in it."""
    text = re.sub(r"'[^']*'|@\w+|\b\d+\b", "", query)
    defined = set(re.findall(rf"\bas ({NAME})", text))
    return set(FIELD.findall(text)) - QUERY_WORDS - defined


def period_complaints(alarm):
    """Of the period that each part of an alarm has."""
    periods = [alarm["Period"]] if "Period" in alarm else []
    periods += [q["MetricStat"]["Period"] if "MetricStat" in q else q["Period"] for q in alarm.get("Metrics", [])
                if "MetricStat" in q or "Period" in q]
    reach = max(periods) * alarm["EvaluationPeriods"]
    is_insights = any(q.get("Expression", "").startswith("SELECT") for q in alarm.get("Metrics", []))
    if len(set(periods)) != 1:
        yield f"periods {periods}"
    if any(p not in (10, 20, 30) and (p < 60 or p % 60) for p in periods):
        yield f"a period of {periods}"
    if reach > (DAY if max(periods) < HOUR else 7 * DAY):
        yield f"looks back {reach} s"
    if is_insights and (periods[0] % 60 or reach > 3 * HOUR):
        yield f"Metrics Insights: periods {periods}, looks back {reach} s"


def alarm_complaints(alarm):
    yield from period_complaints(alarm)
    if not 1 <= alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]:
        yield "more data points than periods"
    if len(alarm["AlarmName"]) > 255 or not 100 <= len(alarm["AlarmDescription"]) <= 1024:
        yield f"a name of {len(alarm['AlarmName'])}, a description of {len(alarm['AlarmDescription'])} characters"
    if len(alarm["AlarmActions"]) != 1:
        yield "not exactly one action"
    if "To do" not in alarm["AlarmDescription"] and "Nothing to do" not in alarm["AlarmDescription"]:
        yield "no runbook in its description"
    queries = alarm.get("Metrics", [])
    if queries and {"MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions"} & set(alarm):
        yield "a metric beside its queries"
    if queries and sum(bool(q["ReturnData"]) for q in queries) != 1 or len(queries) > 10:
        yield "not exactly one query that it hangs on"
    if not queries and ("Statistic" in alarm) == ("ExtendedStatistic" in alarm):
        yield "not exactly one statistic"
    for text in (q.get("Expression", "") for q in queries):
        if len(text) > 2048 or "SEARCH" in text:
            yield f"an expression that no alarm may have: {text}"
        if "GROUP BY" in text and "ORDER BY" not in text:
            yield f"several series in no order: {text}"


def widget_complaints(body):
    taken = collections.Counter()
    for widget in body["widgets"]:
        x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
        taken.update((column, row) for column in range(x, x + width) for row in range(y, y + height))
        rows = widget["properties"].get("metrics", [])
        ids = [row[-1]["id"] for row in rows]
        n_selects = sum(row[-1]["expression"].startswith("SELECT") for row in rows)
        if len(ids) != len(set(ids)) or not all(re.fullmatch("[a-z][A-Za-z0-9_]*", name) for name in ids):
            yield f"ids {ids}"
        if n_selects > 1:
            yield f"{n_selects} queries of Metrics Insights in one widget"
        if widget["type"] not in ("text", "metric", "log"):
            yield f"a widget {widget['type']}"
    if max(taken.values()) > 1 or max(column for column, _ in taken) > 23:
        yield "widgets lie on each other, or beside the grid of 24 columns"


def complaints(resources, emitted):
    found = list(name_complaints(resources, emitted))
    for key, alarm in alarms(resources).items():
        found += [f"{key}: {text}" for text in alarm_complaints(alarm)]
    for key, body in dashboards(resources).items():
        found += [f"{key}: {text}" for text in widget_complaints(body)]
    names = [alarm["AlarmName"] for alarm in alarms(resources).values()]
    return found + [f"{name}: two alarms have this name" for name in set(names) if names.count(name) > 1]
