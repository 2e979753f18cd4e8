#!/usr/bin/env python3
"""Would the program that an export is made for understand it? The second opinion for test_export.c.

    export_oracle.py FORMAT FILE     stdout: what it understood, as one JSON document
                                     exit: 0 understood, 1 not, with the reason, 77 no reader here

The readers are real ones where Debian has them, else python's own parsers and the published shape.
"""
import json
import sys
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


READERS = {"junit": junit}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    try:
        answer = READERS[sys.argv[1]](sys.argv[2])
    except (xml.ParseError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"not understood: {type(error).__name__}: {error}")
    json.dump(answer, sys.stdout)
