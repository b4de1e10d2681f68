"""Requests made from the schema: none may break the service, or its own schema."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from archcost.explorer import create_app

app = create_app(rate=1e6, burst=10**6, warm=None)
schema = schemathesis.openapi.from_dict(app.openapi())
schema.app = app


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_answers_keep_to_the_schema(case: schemathesis.Case) -> None:
    # Which names and architectures exist is not in the schema: strings that fit it may be refused.
    case.call_and_validate(
        headers={"Host": "127.0.0.1"}, excluded_checks=[positive_data_acceptance]
    )
