"""Reading YAML 1.2 core: ``on``, ``yes``, ``no`` and dates stay text; a key stands once; depth and size have limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from abono.interfaces.cli.files import MOST_YAML, read_file
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

    from ruamel.yaml.nodes import ScalarNode

_DEEPEST = 32
_MOST_VALUES = 1_000_000


class _Constructor(SafeConstructor):
    """Dates and times are the reader's business, not YAML's."""


def _text(constructor: SafeConstructor, node: ScalarNode) -> str:
    return str(constructor.construct_scalar(node))


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _text)


class _Composer(Composer):
    """Stops before a file becomes more than its bytes: an alias counts as all that it repeats."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self._depth = 0
        self._values = 0
        self._size_of: dict[int, int] = {}

    def compose_node(self, parent: Any, index: int) -> Any:
        """The next value, if it is not too deep and all of them are not too many."""
        event, before = self.parser.peek_event(), self._values
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ComposerError(problem=f"more than {_DEEPEST} levels are nested", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        if not isinstance(event, AliasEvent):
            self._values += 1
            self._size_of[id(node)] = self._values - before
        elif id(node) in self._size_of:
            self._values += self._size_of[id(node)]
        else:
            raise ComposerError(problem="an alias repeats what it is part of", problem_mark=event.start_mark)
        if self._values > _MOST_VALUES:
            raise ComposerError(problem=f"there are more than {_MOST_VALUES:,} values", problem_mark=event.start_mark)
        self._depth -= 1
        return node


def read_yaml(path: Path) -> Any:
    """The content of a file. Raises InvalidValue with the line where it is not YAML, or cannot be read."""
    reader = YAML(typ="safe", pure=True)
    reader.Composer = _Composer
    reader.Constructor = _Constructor
    try:
        return reader.load(read_file(path, MOST_YAML).decode())
    except InvalidValue:
        raise
    except UnicodeDecodeError:
        raise InvalidValue("invalid", "", "Save it as UTF-8 text.") from None
    except (YAMLError, ValueError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidValue("invalid", where, f"This is not YAML that is read here: {problem}.") from None
