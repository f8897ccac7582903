"""Reads one OTLP message from standard input, `traces` or `metrics`, and prints it as JSON, ids in hex digits. Unknown fields are a fault."""

import base64
import json
import sys

from google.protobuf.json_format import MessageToDict
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def check(message):
    """Every field is one that OpenTelemetry knows, at every depth."""
    if len(UnknownFieldSet(message)):
        sys.exit(f"unknown fields in {message.DESCRIPTOR.full_name}")
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if hasattr(value, "DESCRIPTOR") else value:
                check(inner)


message = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest}[sys.argv[1]]()
message.ParseFromString(sys.stdin.buffer.read())
check(message)


def hexed(value):
    """The same with ids as OTLP's own JSON has them; protobuf's has base64."""
    if isinstance(value, dict):
        ids = ("traceId", "spanId", "parentSpanId")
        return {k: base64.b64decode(v).hex() if k in ids else hexed(v) for k, v in value.items()}
    return [hexed(inner) for inner in value] if isinstance(value, list) else value


print(json.dumps(hexed(MessageToDict(message))))
