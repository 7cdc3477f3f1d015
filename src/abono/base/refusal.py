"""How Abono says no."""


class Refusal(Exception):  # noqa: N818 -- it is an answer, not an error
    """A request that is understood and refused; nothing was written.

    Subclasses are declared beside the operation that refuses and carry a stable ``code``
    that programs may rely on. ``message`` is one sentence that says what to do. ``field``
    names the part of the request that is to blame, if one is.
    """

    code = "refused"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        if code is not None:
            self.code = code


class InvalidRequest(Refusal):
    """A field that is missing, malformed, out of range or not known (``code`` says which)."""

    code = "invalid"


class KeyConflict(Refusal):
    """The idempotency key was used before for a different request."""

    code = "key_conflict"
