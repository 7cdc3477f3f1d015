"""Reading YAML 1.2 core: ``on``, ``yes``, ``no`` and dates stay text; a key stands once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError

from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

    from ruamel.yaml.nodes import ScalarNode


class _Constructor(SafeConstructor):
    """Dates and times are the reader's business, not YAML's."""


def _text(constructor: SafeConstructor, node: ScalarNode) -> str:
    return str(constructor.construct_scalar(node))


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _text)


def read_yaml(path: Path) -> Any:
    """The content of a file. Raises InvalidValue with the line where it is not YAML, or cannot be read."""
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = _Constructor
    try:
        return reader.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidValue("invalid", "", f"Cannot read it: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidValue("invalid", "", "Save it as UTF-8 text.") from None
    except (YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidValue("invalid", where, f"This is not YAML: {problem}.") from None
