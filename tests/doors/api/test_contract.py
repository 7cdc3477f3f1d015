"""The contract holds: whatever fits the schemas is answered as they say, whatever does not is refused.

A few examples an endpoint here; many by ``make api-fuzz`` (``ABONO_FUZZ_EXAMPLES``).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.test import override_settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from schemathesis.generation import GenerationMode

from abono.interfaces.api import urls  # noqa: F401 -- declares the endpoints
from abono.interfaces.api.calls import ENDPOINTS, Endpoint
from abono.interfaces.api.examples import example_of
from abono.interfaces.api.reference import api
from abono.interfaces.api.values import Answer, Body
from abono.project.wsgi import application

from .houses import House, body_of, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

EXAMPLES = int(os.environ.get("ABONO_FUZZ_EXAMPLES", "3"))


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:  # noqa: ARG001
    """One house for all calls; what they do in it is part of what the next ones meet."""
    with django_db_blocker.unblock():
        yield build()
        call_command("flush", verbosity=0, interactive=False)


@pytest.mark.django_db(transaction=True)
def test_every_endpoint_is_in_the_contract() -> None:
    assert len(api().get_openapi_schema()["paths"]) == len({each.path for each in ENDPOINTS})


def test_each_schema_has_a_name_of_its_own() -> None:
    """In the contract a second schema of the same name would take the place of the first."""
    found = [each for kind in (Body, Answer) for each in _below(kind)]
    twice = {one.__name__ for one in found for other in found if one is not other and one.__name__ == other.__name__}
    assert len(found) > 50
    assert twice == set()


def _below(kind: type[BaseModel]) -> list[type[BaseModel]]:
    """All schemas that are made of one."""
    return [each for child in kind.__subclasses__() for each in (child, *_below(child))]


@pytest.mark.parametrize("endpoint", [pytest.param(each, id=each.name) for each in ENDPOINTS])
def test_examples_fit_their_schemas(endpoint: Endpoint) -> None:
    if endpoint.answer is not None:
        TypeAdapter(endpoint.answer).validate_python(example_of(endpoint.answer))
    kind = endpoint.view.__annotations__.get("body")
    if kind is not None:
        TypeAdapter(kind).validate_python(body_of(endpoint))


@pytest.fixture(scope="module")
def contract(house: House) -> dict[str, Any]:  # noqa: ARG001 -- the contract is read through the application
    """Every operation of the contract, as it is served, by the endpoint's name."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    schema.config.generation.with_security_parameters = False  # the key is sent with every call
    schema.config.checks.positive_data_acceptance.expected_statuses += ["402", "422"]  # what no schema can say
    found: list[Any] = list(schema.get_all_operations())
    return {each.ok().definition.raw["operationId"]: each.ok() for each in found}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fits", "does-not-fit"])
@pytest.mark.parametrize(
    "endpoint", [pytest.param(each, id=each.name) for each in ENDPOINTS if each.name != "revoke_key"]
)
def test_whatever_is_sent_is_answered_as_the_contract_says(
    house: House, contract: dict[str, Any], endpoint: Endpoint, mode: GenerationMode
) -> None:
    operation = contract[endpoint.name]

    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def play(case: Any, real: bool) -> None:
        # An empty list or object among the parameters is not sent: what is left may be right.
        hypothesis.assume(mode is GenerationMode.POSITIVE or not _unsent(case.query))
        if real and case.path_parameters and mode is GenerationMode.POSITIVE:
            case.path_parameters.update({name: str(house.ids[name]) for name in case.path_parameters})
        case.call_and_validate(headers={"Authorization": f"Bearer {house.full.secret}"})

    if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
        pytest.skip("there is nothing in it that could be wrong")
    with override_settings(API_CALLS_A_SECOND=1_000_000):
        play()


def _unsent(query: Any) -> bool:
    return isinstance(query, dict) and any(value in ([], {}) for value in query.values())


def _can_be_wrong(operation: Any) -> bool:
    return bool(operation.body) or bool(list(operation.iter_parameters()))
