"""The key that calls."""

from typing import Annotated

from pydantic import Field

from abono.features.operators.queries import operator_by_id
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.values import Answer, Code, Id, Name


class Me(Answer):
    """What the calling key is and may do."""

    key: Id
    name: Name
    operator: Id
    operator_code: Code
    operators: Annotated[list[Id], Field(description="The operator and all below it, whose rows the key reaches.")]
    rights: Annotated[list[str], Field(examples=[["account.view", "payment.create"]])]


@endpoint("GET", "/me", right="", tag="Keys", answer=Me)
def me(request: Call) -> Me:
    """Show the key that calls.

    Any valid key may ask this: a program can see what it may do before it tries.
    """
    person = request.person
    return Me(
        key=request.owner,
        name=person.name,
        operator=person.operator,
        operator_code=operator_by_id(person.operator).code,
        operators=list(person.operators),
        rights=sorted(person.rights),
    )
