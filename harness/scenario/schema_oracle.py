#!/usr/bin/env python3
"""Does a scenario keep the schema? The second opinion for test_schema.c.

    schema_oracle.py SCHEMA     stdin: one document per line, each as a JSON string
                                stdout: "ready", then per document "valid" or "invalid: why"

Exits 77 (skip) where python3-jsonschema is missing or knows no draft 2020-12.
"""
import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    sys.exit(77)

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
print("ready", flush=True)
for line in sys.stdin:
    error = next(validator.iter_errors(json.loads(json.loads(line))), None)
    print(f"invalid: {error.message!r:.200}" if error else "valid", flush=True)
