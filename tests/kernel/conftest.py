"""What the kernel's tests share."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from abono.kernel.errors import InvalidValue

Refused = Callable[[str, str], AbstractContextManager[None]]


@pytest.fixture
def refused() -> Refused:
    """Expect, within the block, exactly one refusal: its code and the path of its field."""

    @contextmanager
    def expect(code: str, field: str) -> Iterator[None]:
        with pytest.raises(InvalidValue) as caught:
            yield
        assert (caught.value.code, caught.value.field) == (code, field)
        assert caught.value.message.endswith(".")

    return expect
