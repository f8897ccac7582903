"""Holds recorded exchanges against Google's discovery documents of Sheets v4 and Drive v3.

    discovery.py FOLDER...

Each folder has files of one exchange a line, as testkit writes them with TESTKIT_RECORD. Checked are, for every request,
that such a method exists, that it knows the parameters, and that the body has its type; for every answer, that a
success has the type of the method's response, and that a failure has the shape of Google's errors. Members that the
types do not have are faults. Google takes null for any member of a request (recorded), so it is taken there. Requests to
Drive are not judged: our client sends none.

The documents come with the PyPI package google-api-python-client.
"""

import json
import pathlib
import re
import sys
from collections import Counter
from urllib.parse import parse_qsl

import googleapiclient
from jsonschema import Draft202012Validator

DOCUMENTS = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache/documents"
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                # Recorded from Drive alone; the tests in Rust see to it that Sheets sends none.
                "errors": {"type": "array", "items": {"type": "object", "required": ["domain", "reason", "message"]}},
                "details": {"type": "array", "items": {"type": "object", "required": ["@type"]}},
            },
        }
    },
}


def schema(described, nullable):
    """A description of the document as a JSON schema."""
    if "$ref" in described:
        translated = {"$ref": "#/$defs/" + described["$ref"]}
    elif described.get("type") == "object":
        translated = {"type": "object"}
        if "additionalProperties" in described:
            translated["additionalProperties"] = schema(described["additionalProperties"], nullable)
        else:
            members = described.get("properties", {})
            translated["properties"] = {name: schema(member, nullable) for name, member in members.items()}
            translated["additionalProperties"] = False
    elif described.get("type") == "array":
        translated = {"type": "array", "items": schema(described["items"], nullable)}
    elif described.get("type") == "any":
        return {}
    else:
        translated = {"type": described["type"]}
        if "enum" in described:
            translated["enum"] = described["enum"]
    return {"anyOf": [translated, {"type": "null"}]} if nullable else translated


def validators(document, nullable):
    """A validator for each type of the document."""
    types = {name: schema(described, nullable) for name, described in document["schemas"].items()}
    return {name: Draft202012Validator({"$ref": "#/$defs/" + name, "$defs": types}) for name in types}


def methods(resource, start):
    """All methods, with a pattern for their paths."""
    for method in resource.get("methods", {}).values():
        path = start + method.get("flatPath", method["path"])
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))
        # Some clients write /ID/ and /ID/:batchUpdate.
        pattern = pattern.replace(":batchUpdate", "/?:batchUpdate") + "/?"
        yield re.compile(pattern), method
    for inner in resource.get("resources", {}).values():
        yield from methods(inner, start)


class Judge:
    def __init__(self, name):
        document = json.loads((DOCUMENTS / name).read_text())
        self.revision = document["revision"]
        # A path with :append fits the method without it as well, so that the longest pattern goes first.
        self.methods = sorted(
            methods(document, "/" + document["servicePath"]), key=lambda found: -len(found[0].pattern)
        )
        self.common = document["parameters"]
        self.requests = validators(document, nullable=True)
        self.answers = validators(document, nullable=False)
        self.error = Draft202012Validator(ERROR)

    def faults(self, exchange):
        """What is wrong with an exchange, and the method it calls."""
        method = next(
            (m for p, m in self.methods if m["httpMethod"] == exchange["method"] and p.fullmatch(exchange["path"])),
            None,
        )
        if method is None:
            return "no method", ["no method has this path"]
        return method["id"], [*self.of_request(exchange, method), *self.of_answer(exchange, method)]

    def of_request(self, exchange, method):
        if exchange["status"] == 400 or method["id"].startswith("drive."):
            return  # Nonsense is sent to be refused; and to Drive gspread sends members that it ignores.
        known = {**self.common, **method.get("parameters", {})}
        for name, value in parse_qsl(exchange["query"], keep_blank_values=True):
            if name not in known:
                yield f"unknown parameter {name}"
            elif value not in known[name].get("enum", [value]):
                yield f"{value} is no {name}"
        body = exchange["body"]
        if body is not None and "request" in method:
            if method["id"] == "sheets.spreadsheets.batchUpdate":
                body = {**body, "requests": list(flat(body.get("requests") or []))}
            for error in self.requests[method["request"]["$ref"]].iter_errors(body):
                yield "request: " + where(error)

    def of_answer(self, exchange, method):
        good = exchange["status"] in (200, 204)
        if exchange["status"] == 204 or "response" not in method:
            if exchange["answer"] not in ("", {}) and good:
                yield "an answer, where none is due"
            return
        validator = self.answers[method["response"]["$ref"]] if good else self.error
        answer = exchange["answer"]
        if good and "fields=" in exchange["query"] and not isinstance(answer, dict):
            return
        for error in validator.iter_errors(answer):
            yield "answer: " + where(error)


def flat(requests):
    """Google takes lists within the list of requests; gspread-formatting sends such."""
    for request in requests:
        yield from flat(request) if isinstance(request, list) else [request]


def where(error):
    while error.context:
        # The branch for null always fails where something else stands; the other says why.
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return f"{error.json_path}: {error.message[:200]}"


def check_the_check(judge):
    """A judge that finds no fault in these finds none anywhere."""
    good = {"method": "GET", "path": "/v4/spreadsheets/ID/values/A1", "query": "", "body": None, "status": 200}
    good["answer"] = {"range": "Sheet1!A1", "majorDimension": "ROWS"}
    assert judge.faults(good)[1] == []
    write = {"method": "POST", "path": "/v4/spreadsheets/ID:batchUpdate"}
    for fault in (
        {"path": "/v4/spreadsheets/ID/value/A1"},
        {"query": "valueRender=FORMULA"},
        {"query": "majorDimension=DIAGONAL"},
        {"answer": {**good["answer"], "majorDimension": "DIAGONAL"}},
        {"answer": {**good["answer"], "value": []}},
        {**write, "body": {"requests": [{"deleteSheet": {"sheetID": 1}}]}, "answer": {}},
        {**write, "body": {"requests": [{"deleteSheet": {"sheetId": "one"}}]}, "answer": {}},
        {"status": 404, "answer": {"error": "gone"}},
    ):
        assert judge.faults({**good, **fault})[1], fault


def main(folders):
    sheets, drive = Judge("sheets.v4.json"), Judge("drive.v3.json")
    check_the_check(sheets)
    seen, wrong = Counter(), []
    for folder in folders:
        for file in sorted(pathlib.Path(folder).glob("*.jsonl")):
            for line in file.open():
                exchange = json.loads(line)
                judge = drive if exchange["path"].startswith("/drive/") else sheets
                method, faults = judge.faults(exchange)
                seen[method] += 1
                wrong += [f"{exchange['method']} {exchange['path']}?{exchange['query']}: {fault}" for fault in faults]
    for fault, times in Counter(wrong).most_common(40):
        print(f"{times} x {fault}", file=sys.stderr)
    for method, times in sorted(seen.items()):
        print(f"{times:6} {method}")
    if wrong:
        sys.exit(f"discovery.py: {len(wrong)} faults by the discovery documents")
    if sum(seen.values()) < 100:
        sys.exit("discovery.py: fewer than 100 exchanges; was TESTKIT_RECORD set?")
    revisions = f"Sheets {sheets.revision}, Drive {drive.revision}"
    print(f"{sum(seen.values())} exchanges are as the discovery documents say (revisions: {revisions})")


if __name__ == "__main__":
    main(sys.argv[1:])
