"""`abono quote`: JSON lines in, JSON lines out, without a database (doors.md §2).

What a quote is and how it is answered is in `abono.kernel.quotes`. This path imports the kernel and the standard
library only, so that it starts at once.
"""

import json
from collections.abc import Callable, Iterable

from abono.kernel.errors import InvalidValue
from abono.kernel.quotes import Answer, answer, error_of, parse_record

MOST_CHARACTERS = 1_000_000
"""No line is longer than this."""

DONE = 0
REFUSED = 2


def run(lines: Iterable[str], write: Callable[[str], None]) -> int:
    """Answer every line with one line of compact JSON, in order, and promise the exit code: 0, or 2 if one is refused.

    Blank lines are skipped. A line that is not one JSON object answers `invalid`; the others are still answered.
    """
    code = DONE
    for line in lines:
        if not line.strip():
            continue
        told = _answer_line(line)
        if "error" in told:
            code = REFUSED
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        # Half a surrogate pair, quoted back from a request, cannot be written as UTF-8; its JSON escape can.
        write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    return code


def _answer_line(line: str) -> Answer:
    if len(line) > MOST_CHARACTERS:
        return error_of(InvalidValue("invalid", "", f"Write at most {MOST_CHARACTERS} characters a line."))
    try:
        request = parse_record(line)
    except InvalidValue as refusal:
        return error_of(refusal)
    return answer(request)
