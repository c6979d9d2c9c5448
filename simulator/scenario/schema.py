"""The keys of a scenario as a JSON Schema, for editors that complete and check TOML: `simulator/scenarios/schema.json`.

    python -m simulator.scenario.schema > simulator/scenarios/schema.json

It says what may be written where; what must fit together (ids, policies, times) only `parsing.py` checks.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .actions import ACTIONS
from .keys import REQUIRED, Key, point
from .parsing import (
    CAMERA_KEYS,
    CREW_KEYS,
    EVENT_KEYS,
    HOLSTER_KEYS,
    POLICY_KEYS,
    RECORDER_KEYS,
    SCENARIO_KEYS,
    TECHNICIAN_KEYS,
    UNIT_KEYS,
)

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}


def _value(key: Key) -> dict[str, Any]:
    if key.kind is datetime:
        schema: dict[str, Any] = {"type": "string", "format": "date-time"}
    else:
        schema = {"type": _TYPES[key.kind]}
    schema["description"] = key.about
    if key.check is point:
        schema |= {"items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    elif key.kind is list:
        schema["items"] = {"type": "string"}
    for name, value in (("minimum", key.minimum), ("maximum", key.maximum)):
        if value is not None:
            schema[name] = value
    if key.choices:
        schema["enum"] = list(key.choices)
    if key.default is not REQUIRED and not isinstance(key.default, datetime):
        schema["default"] = key.default
    return schema


def _table(keys: Mapping[str, Key], **inner: dict[str, Any]) -> dict[str, Any]:
    properties = {name: inner.get(name) or _value(key) for name, key in keys.items()}
    required = [name for name, key in keys.items() if key.default is REQUIRED]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _event() -> dict[str, Any]:
    """Arguments depend on the action; each is described by the first action that has it."""
    args: dict[str, Any] = {}
    for action, keys in ACTIONS.items():
        for name, key in keys.items():
            args.setdefault(name, _value(key) | {"description": f"of {action}: {key.about}"})
    table = _table(EVENT_KEYS)
    for schema in args.values():
        schema.pop("default", None)
    return table | {"properties": {**args, **table["properties"]}}


def schema() -> dict[str, Any]:
    """The whole schema."""
    recorder, technician = _table(RECORDER_KEYS), _table(TECHNICIAN_KEYS)
    units = _table({**UNIT_KEYS, **HOLSTER_KEYS, **CAMERA_KEYS}, recorder=recorder)
    top = _table(SCENARIO_KEYS)
    top["properties"] |= {
        "policy": _table(POLICY_KEYS),
        "technician": {"anyOf": [technician, {"type": "array", "items": technician}]},
        "unit": {"type": "array", "items": units},
        "crew": {"type": "array", "items": _table(CREW_KEYS, recorder=recorder)},
        "event": {"type": "array", "items": _event()},
        "events": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^\s*[0-9:.]+\s+\S+\s+\S+"},
            "description": 'lines such as "8:04:30 H1 draw" or "90 H1 battery_change off_s=4"',
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Interlock scenario",
        **top,
    }


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1))
