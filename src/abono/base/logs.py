"""What is written to the log: one line of JSON on standard error for each event, or, on a terminal, a line for people.

Everything that Abono and its libraries say goes this way. No line holds local variables, parameters or rows of a
statement, passwords or keys; whatever comes from outside is cut, and what clients do wrong is told so many times a
minute at the most: nobody who asks for pages can fill the disk.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import structlog

from abono.base.database import is_away

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

_MOST_TEXT = 500
_MOST_TRACE = 16_000
_CLIENTS_A_MINUTE = 60
_FAILURES_A_MINUTE = 600
_TRACES_A_MINUTE = 60
_MINUTE = 60
_FAILED = 500
_SECRET_NAMES = re.compile(r"(?i)password|secret|token|authori[sz]ation|cookie|api_?key")
_SECRETS = (
    (re.compile(r"(?<=://)[^/\s@]*:[^/\s]*@"), "***@"),  # of a database's address
    (re.compile(r"(?i)\b(bearer|password|secret|token)([=: ]+)\S+"), r"\1\2***"),
    (re.compile(r"\babono_[\w-]{16,}"), "***"),
    (re.compile(r"(?m)^(DETAIL|CONTEXT|HINT|LINE \d+):.*\n?"), ""),  # rows and parameters, as PostgreSQL tells them
    (re.compile(r"(/sign/\S*?/)[\w:=.-]{12,}"), r"\1***"),  # links that let people in
)
_SERVER = "_granian"
_ARGUMENTS = re.compile(r"(\[\w+\])\(.*\)", re.DOTALL)


class Brake(logging.Filter):
    """Tells what a request did wrong (below 500) or made fail (500) so many times a minute, then only how often."""

    def __init__(self) -> None:
        super().__init__()
        self._since = 0.0  # float: seconds of a clock
        self._seen = {True: 0, False: 0}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is told; of what clients do wrong never where in the code."""
        # The server of the web tells of what broke off, and leaves open who broke it off.
        failed = getattr(record, "status_code", _FAILED if record.name == _SERVER else 0) >= _FAILED
        if record.exc_info and is_away(record.exc_info[1]):
            record.msg, record.args, record.exc_info = "The database is away: %s", (record.exc_info[1],), None
        now = time.monotonic()
        if now - self._since > _MINUTE:
            self._since, self._seen = now, {True: 0, False: 0}
        self._seen[failed] += 1
        if not failed or self._seen[failed] > _TRACES_A_MINUTE:
            record.exc_info = None
        most = _FAILURES_A_MINUTE if failed else _CLIENTS_A_MINUTE
        if self._seen[failed] == most:
            record.msg, record.args = "More of these is not told before the next minute", ()
        return self._seen[failed] <= most


class Everything(logging.Filter):
    """Puts what a library says in words of its own into the words of this log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Jobs are told without their arguments: some are mails."""
        if record.name.startswith("procrastinate"):
            record.msg, record.args = _ARGUMENTS.sub(r"\1", record.getMessage()), ()
        return True


def tidy(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A line without secrets, and of a length that is known."""
    return {name: _tidy(name, value) for name, value in event.items()}


def _tidy(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return "***"
    if isinstance(value, int | None) or name.startswith("_"):
        return value
    # Cut before the patterns are looked for: on a text of any length they would take seconds.
    text = str(value)
    text = text[-2 * _MOST_TRACE :] if name == "exception" else text[: 4 * _MOST_TEXT]
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    if name == "exception":  # the end of it says what happened
        return text if len(text) <= _MOST_TRACE else f"…{text[-_MOST_TRACE:]}"
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _first() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]


def structured() -> None:
    """Send what our own code says through the standard library's logging, where everything else is."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_first(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def formatter() -> logging.Formatter:
    """The form of every line: for people on a terminal, for programs everywhere else."""
    last: Processor
    if sys.stderr.isatty():
        last = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, timestamp_key="at")
    else:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_first(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            tidy,
            last,
        ],
    )


def configuration() -> dict[str, Any]:
    """Django's LOGGING. The server of the web has the same form from ``interfaces/cli/granian.json``."""
    alone: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"brake": {"()": Brake}, "everything": {"()": Everything}},
        "formatters": {"lines": {"()": formatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["everything"]},
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django": alone,
            "django.request": {**alone, "filters": ["brake"]},
            "django.security": alone,
            **{f"django.security.{name}": {**alone, "filters": ["brake"]} for name in _suspicions()},
            "procrastinate": {**alone, "level": "WARNING"},
            "httpx": {**alone, "level": "WARNING"},
            _SERVER: {**alone, "filters": ["brake"]},
        },
    }


def _suspicions() -> list[str]:
    """What Django may suspect a request of: each has a logger of its own, and filters are not handed down."""
    from django.core import exceptions

    kinds = [each for each in vars(exceptions).values() if isinstance(each, type)]
    return ["csrf", *(each.__name__ for each in kinds if issubclass(each, exceptions.SuspiciousOperation))]
