#!/usr/bin/env python3
"""Would the program that an export is made for understand it? The second opinion for test_export.c.

    export_oracle.py FORMAT FILE     stdout: what it understood, as one JSON document
                                     exit: 0 understood, 1 not, with the reason
    export_oracle.py FORMAT          exit: 0 its reader is there, 77 it is not

The readers are real ones where Debian has them, else python's own parsers and the published shape.
"""
import csv
import importlib.util
import json
import math
import os
import sys
from decimal import Decimal
import xml.etree.ElementTree as xml

SKIPPED = 77


def need(true, *why):
    if not true:
        sys.exit("not understood: " + " ".join(str(word) for word in why))


JUNIT_ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"classname", "name", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}


def junit(path):
    """The elements, attributes and counts of junit-10.xsd, as far as we write them."""
    root = xml.parse(path).getroot()
    need(root.tag == "testsuites", "root is", root.tag)
    for element in root.iter():
        need(element.tag in JUNIT_ATTRIBUTES, "element", element.tag)
        strange = set(element.keys()) - JUNIT_ATTRIBUTES[element.tag]
        need(not strange, "attributes", strange)
    cases, total = [], {"failure": 0, "error": 0, "skipped": 0}
    for suite in root:
        seen = {"failure": 0, "error": 0, "skipped": 0}
        need(suite.tag == "testsuite", "element", suite.tag)
        for case in suite.findall("testcase"):
            answer = next(iter(case), None)
            result = "passed" if answer is None or answer.tag == "system-out" else answer.tag
            need(len(case) <= 1, "a case with two answers")
            if result in seen:
                seen[result] += 1
                total[result] += 1
            cases.append({
                "classname": case.get("classname"), "name": case.get("name"), "result": result,
                "type": None if answer is None else answer.get("type"),
                "message": None if answer is None else answer.get("message"),
                "text": None if answer is None else answer.text})
        need(int(suite.get("tests")) == len(suite.findall("testcase")), "count of tests")
        need(int(suite.get("failures")) == seen["failure"], "count of failures")
        need(int(suite.get("errors")) == seen["error"], "count of errors")
        need(int(suite.get("skipped")) == seen["skipped"], "count of skipped")
    need(int(root.get("tests")) == len(cases), "count of all tests")
    need(int(root.get("failures")) == total["failure"], "count of all failures")
    need(int(root.get("errors")) == total["error"], "count of all errors")
    return {"suites": [suite.get("name") for suite in root], "cases": cases,
            "properties": {one.get("name"): one.get("value") for one in root.iter("property")}}


def refuse(constant):
    raise ValueError("no number of JSON: " + constant)


def document(path, schema):
    """JSON without NaN and infinities, numbers exact, of the shape in schemas/."""
    from jsonschema import Draft202012Validator
    with open(path, encoding="utf-8") as file:
        text = file.read()
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schemas")
    with open(os.path.join(folder, schema + ".schema.json"), encoding="utf-8") as file:
        shape = json.load(file)
    Draft202012Validator.check_schema(shape)
    for error in Draft202012Validator(shape).iter_errors(json.loads(text, parse_constant=refuse)):
        sys.exit(f"not understood: {error.message:.300} at {list(error.absolute_path)}")
    return json.loads(text, parse_float=Decimal, parse_constant=refuse)


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    head = rows[0]
    need(len(set(head)) == len(head), "a column twice")
    for row in rows[1:]:
        need(len(row) == len(head), "a row of", len(row), "cells")
        for name, cell in zip(head, row):
            need(not cell or cell[0] not in "=+@" and (cell[0] != "-" or cell[1:].isdigit()),
                 "a formula", cell)
            if name.rpartition("_")[2] in ("ns", "us", "bytes", "count", "index", "number", "10ms"):
                need(not cell or cell.lstrip("-").isdigit(), name, cell)
    return [dict(zip(head, row)) for row in rows[1:]]


def whole_csv(path):
    rows = table(path)
    times = [int(row["spawn_time_ns"]) for row in rows if row["spawn_time_ns"]]
    counted = [row for row in rows if row["warmup_bool"] == "0"]
    for row in rows:
        need((row["outcome"] == "ready") == bool(row["spawn_time_ns"]), "outcome", row)
    return {"rows": len(rows), "sum_ns": str(sum(times)),
            "failed": sum(row["outcome"] != "ready" for row in counted),
            "names": sorted({row["scenario"] for row in rows} | {row["arm"] for row in rows})}


def agents_csv(path):
    rows = table(path)
    return {"rows": len(rows), "names": sorted({row["agent"] for row in rows}),
            "errors": sorted({row["error"] for row in rows if row["error"]}),
            "sum_ns": str(sum(int(row["seen_since_sent_ns"] or 0) for row in rows)),
            "failed": sum(row["outcome"] != "ready" for row in rows)}


def hyperfine(path):
    results = document(path, "hyperfine")["results"]
    good, failed = [], 0
    for result in results:
        codes, times = result["exit_codes"], result["times"]
        need(len(codes) == len(times), "as many exit codes as times")
        fine = [time for time, code in zip(times, codes) if code == 0]
        failed += len(times) - len(fine)
        need(result["parameters"]["failed"] == str(len(times) - len(fine)), "failed")
        if fine:
            need(abs(result["mean"] - sum(fine) / len(fine)) <= Decimal("1e-9"), "mean")
            need(result["min"] == min(fine), "min")
        need((result["max"] is None) == (len(fine) < len(times)), "max")
        good += fine
    return {"sum_ns": str(int(sum(good) * 10**9)), "failed": failed,
            "names": [result["command"] for result in results],
            "keys": sorted({key for result in results for key in result})}


def google_benchmark(path):
    rows = document(path, "google-benchmark")["benchmarks"]
    each = [row for row in rows if row["run_type"] == "iteration"]
    good = [row for row in each if not row.get("error_occurred")]
    need(all(row["name"] == row["run_name"] for row in good), "names of rows")
    need(all(row["name"] != row["run_name"] for row in each if row not in good), "names of errors")
    for row in rows:
        if row["run_type"] == "aggregate" and row["aggregate_name"] == "mean":
            times = [one["real_time"] for one in good if one["run_name"] == row["run_name"]]
            need(abs(row["real_time"] - Decimal(sum(times)) / len(times)) <= 1, "mean")
    return {"sum_ns": str(sum(row["real_time"] for row in good)), "failed": len(each) - len(good),
            "names": sorted({row["run_name"] for row in rows}),
            "errors": sorted({row["error_message"] for row in each if row not in good})}


def benchfmt(path):
    """golang.org/design/14313: result lines, configuration, unit metadata; the rest is skipped."""
    config, names, units, total, rows, failed = {}, set(), set(), 0, 0, 0
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")
    for line in lines:
        key, colon, value = line.partition(": ")
        if line.startswith("Benchmark"):
            name, count, *values = line.split()
            need(name[9:10].isupper(), "name", name)
            need(int(count) == 1 and values and len(values) % 2 == 0, "line", line)
            need(len(set(values[1::2])) == len(values) // 2, "a unit twice")
            total += int(values[values.index("ns/op") - 1])
            names.add(name)
            units |= set(values[1::2])
            rows += 1
        elif line.startswith("Unit "):
            need(all("=" in word for word in line.split()[2:]), "unit", line)
        elif line.startswith("--- FAIL: "):
            failed += 1
        elif colon and key[:1].islower() and not any(c.isspace() or c.isupper() for c in key):
            config[key] = value
        else:
            need(not line or line[0] in "# ", "line", line)
    return {"rows": rows, "sum_ns": str(total), "failed": failed, "names": sorted(names),
            "units": sorted(units), "config": config}


def bmf(path):
    root = document(path, "bmf")
    for benchmark in root.values():
        for metric in benchmark.values():
            need(metric.get("lower_value", metric["value"]) <= metric["value"], "lower", metric)
            need(metric.get("upper_value", metric["value"]) >= metric["value"], "upper", metric)
    return {"names": sorted(root), "failed": sum(one["failed-cycles"]["value"] for one in root.values()),
            "latency": [one["latency"]["value"] for one in root.values() if "latency" in one]}


def github_action_benchmark(path):
    root = document(path, "github-action-benchmark")
    names = [entry["name"] for entry in root]
    need(len(set(names)) == len(names), "a name twice")
    return {"names": names, "failed": sum(entry["value"] for entry in root
                                          if entry["unit"] == "cycles")}


def trace(path):
    """Slices of one track follow each other, every track has a name, every counter ends at 0."""
    events = document(path, "trace")["traceEvents"]
    named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    ends, slices = {}, [event for event in events if event["ph"] == "X"]
    counters, starting = {}, 0
    for event in sorted(slices, key=lambda event: event["ts"]):
        track = event["pid"], event["tid"]
        need(track in named, "a track without name", track)
        need(event["ts"] >= ends.get(track, event["ts"]), "slices overlap", event)
        ends[track] = event["ts"] + event["dur"]
    for event in events:
        if event["ph"] == "C":
            before, since = counters.get(event["pid"], (0, event["ts"]))
            need(event["ts"] >= since, "a counter goes back in time")
            need(event["args"]["agents"] >= 0, "a count below 0")
            starting += before * (event["ts"] - since)
            counters[event["pid"]] = event["args"]["agents"], event["ts"]
    need(not any(count for count, _ in counters.values()), "a counter that does not end at 0")
    cycles = [event for event in slices if event["tid"] == 0]
    good = [event["args"]["spawn_time_ns"] for event in cycles if event["args"]["spawn_time_ns"]]
    counted = [event for event in cycles if event["name"].startswith("cycle")]
    return {"cycles": len(cycles), "sum_ns": str(sum(good)), "slices": len(slices),
            "starting_ns": str(int(starting * 1000)),
            "failed": sum(event["args"]["outcome"] != "ready" for event in counted),
            "names": sorted({event["args"]["name"] for event in events if event["ph"] == "M"}),
            "errors": sorted({event["args"]["error"] for event in events if event["ph"] == "i"})}


def openmetrics(path):
    """The parser of the Prometheus client library (Debian: python3-prometheus-client)."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    with open(path, encoding="utf-8", newline="\n") as file:
        families = list(text_string_to_metric_families(file.read()))
    samples = [sample for family in families for sample in family.samples]
    for family in families:
        need(family.documentation and family.type != "unknown", "HELP and TYPE of", family.name)
        need(family.unit or not family.name.endswith("_seconds"), "UNIT of", family.name)
    need(all(math.isfinite(sample.value) for sample in samples), "not finite")

    def total(name, **labels):
        return sum(sample.value for sample in samples
                   if sample.name == name and labels.items() <= sample.labels.items())
    return {"families": [family.name for family in families],
            "names": sorted({value for sample in samples for value in sample.labels.values()}),
            "failed": total("spawnbench_cycles", outcome="failed"),
            "count": total("spawnbench_spawn_time_seconds_count"),
            "sum_ns": str(round(total("spawnbench_spawn_time_seconds_sum") * 10**9)),
            "verdicts": {sample.labels["claim"]: sample.labels["spawnbench_claim"]
                         for sample in samples if sample.name == "spawnbench_claim" and sample.value}}


def junitparser(path):
    """The parser of the same name (Debian: python3-junitparser)."""
    from junitparser import JUnitXml
    suites = JUnitXml.fromfile(path)
    cases = [case for suite in suites for case in suite]
    told = [suites.tests, suites.failures, suites.errors]
    suites.update_statistics()
    need(told == [suites.tests, suites.failures, suites.errors], "counts", told)
    return {"names": [suite.name for suite in suites], "tests": len(cases),
            "results": {case.name: [type(one).__name__ for one in case.result] for case in cases}}


READERS = {"junit": junit, "csv": whole_csv, "csv-agents": agents_csv, "hyperfine": hyperfine,
           "google-benchmark": google_benchmark, "benchfmt": benchfmt, "bmf": bmf,
           "github-action-benchmark": github_action_benchmark, "trace": trace, "openmetrics": openmetrics, "junitparser": junitparser}

# what is not part of python; the others are read with jsonschema
MODULES = {"junit": "xml", "csv": "csv", "csv-agents": "csv", "benchfmt": "json",
           "openmetrics": "prometheus_client", "junitparser": "junitparser"}

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    if not importlib.util.find_spec(MODULES.get(sys.argv[1], "jsonschema")):
        print("skipped: python3 has no module for", sys.argv[1])
        sys.exit(SKIPPED)
    if len(sys.argv) == 2:
        sys.exit(0)
    try:
        answer = READERS[sys.argv[1]](sys.argv[2])
    except (xml.ParseError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"not understood: {type(error).__name__}: {error}")
    json.dump(answer, sys.stdout, default=float)
