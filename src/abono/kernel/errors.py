"""How a value from outside is refused."""

from typing import Literal

Code = Literal["required", "invalid", "out_of_range", "unknown_field"]


class InvalidValue(ValueError):  # noqa: N818 - named after what it says, as a Refusal is
    """A value from outside that the rules do not allow.

    `code` is `required` (it is missing), `invalid` (its form or combination is wrong), `out_of_range` (its form is
    right, but it is beyond a limit, also one that another field sets) or `unknown_field`. `field` is the dotted path
    of the value (`tiers.0.up_to`; empty for the whole request). `message` is one sentence that says what to do.

    Source: doors.md §3, "Error codes of fields".
    """

    def __init__(self, code: Code, field: str, message: str) -> None:
        """Keep the three parts; all of them are `args`, so the error survives pickling."""
        super().__init__(code, field, message)
        self.code: Code = code
        self.field = field
        self.message = message

    def __str__(self) -> str:
        """Answer `field: message`, for logs and command lines."""
        return f"{self.field}: {self.message}" if self.field else self.message
