"""Examples of requests and answers, put together from the examples of their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Mapping


def example_of(kind: Any) -> Any:
    """An example that fits a schema: the first example of every field, or of what it is made of."""
    inner = get_args(kind)
    if inner and not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        kind = next(each for each in inner if isinstance(each, type) or get_args(each))
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    return _example(schema, schema.get("$defs", {}))


def _example(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        return _example(known[schema["$ref"].rpartition("/")[2]], known)
    for name in ("oneOf", "anyOf", "allOf"):
        if name in schema:
            return _example(schema[name][0], known)
    return _of_type(schema, known)


def _of_type(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    if "properties" in schema:
        return {name: _example(part, known) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [_example(schema["items"], known)]
    plain = {"boolean": False, "integer": schema.get("minimum", 1), "number": 1, "null": None, "object": {}}
    return plain.get(schema.get("type", ""), "")
