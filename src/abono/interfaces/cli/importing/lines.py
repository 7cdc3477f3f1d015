"""Where in a YAML file each field stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Lines:
    """The line (from 1) of every field of a file, by its dotted path."""

    by_path: Mapping[str, int]

    def of(self, field: str) -> int:
        """The line of a field; of one that is not there, the line of what should hold it; 0 for the whole file."""
        path = field
        while path:
            if path in self.by_path:
                return self.by_path[path]
            path = path.rpartition(".")[0]
        return 0


def read_lines(path: Path) -> Lines:
    """The lines of a file that has been read as YAML without an error."""
    root = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
    return Lines({} if root is None else dict(_walk(root, "", set())))


def _walk(node: Node, prefix: str, seen: set[int]) -> Iterator[tuple[str, int]]:
    """Every field below a node, once: what an alias repeats has the line of the alias."""
    if id(node) in seen:
        return
    seen.add(id(node))
    for name, at, value in _children(node):
        yield f"{prefix}{name}", at.start_mark.line + 1
        yield from _walk(value, f"{prefix}{name}.", seen)


def _children(node: Node) -> Iterator[tuple[str, Node, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield str(key.value), key, value
    elif isinstance(node, SequenceNode):
        for place, value in enumerate(node.value):
            yield str(place), value, value
