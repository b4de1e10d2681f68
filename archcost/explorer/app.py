"""The web application: routes, answers to errors, what runs while it is up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from archcost.explorer import costs
from archcost.explorer.fields import FieldError
from archcost.explorer.limits import BURST, RATE, BoundedBodies, BoundedRate, OwnHeaders
from archcost.explorer.schema import (
    DevicesResponse,
    Explained,
    ExplainRequest,
    Invalid,
    PredictRequest,
    PredictResponse,
    Refused,
)
from archcost.explorer.spaces import Tables

HOSTS = ("127.0.0.1", "localhost")
"""Names under which the service answers: no page of another site can reach it under its own."""
STATIC = Path(__file__).with_name("static")
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "The body cannot be read as JSON"},
    413: {"model": Refused, "description": "The body is too long"},
    422: {"model": Invalid, "description": "A field is wrong; `loc` names it"},
    429: {
        "model": Refused,
        "description": "Too many requests",
        "headers": {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}},
    },
}


def create_app(
    *, rate: float = RATE, burst: int = BURST, warm: Callable[[Tables], None] | None = costs.warm
) -> FastAPI:
    """The application.

    Args:
        rate: POST requests a second that it answers.
        burst: of these, how many may come at once.
        warm: called when it comes up, to have predictions of whole spaces made in the background;
            None: they are made when they are asked for.
    """
    tables = Tables()

    @asynccontextmanager
    async def while_up(_: FastAPI) -> AsyncIterator[None]:
        if warm is not None:
            warm(tables)
        yield
        tables.close()

    app = FastAPI(
        title="archcost",
        version=version("archcost"),
        summary="What a neural architecture costs on a device: latency in ms, energy in mJ.",
        # FastAPI's own pages of documentation load their scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=while_up,
    )
    app.state.tables = tables
    app.add_middleware(BoundedBodies)
    app.add_middleware(BoundedRate, rate=rate, burst=burst)
    app.add_middleware(OwnHeaders)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(FieldError, _meaningless)
    _add_routes(app, tables)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _add_routes(app: FastAPI, tables: Tables) -> None:
    # Plain functions: they run in threads, so that one long request does not hold up the others.
    @app.post("/predict", responses=_REFUSALS, summary="Predicted costs of architectures")
    def predict(asked: PredictRequest) -> PredictResponse:
        """Latency, energy and arithmetic intensity with intervals and units."""
        with tables.answering():
            return costs.predict(asked, tables)

    @app.post("/explain", responses=_REFUSALS, summary="Where a predicted cost comes from")
    def explain(asked: ExplainRequest) -> Explained:
        """Contributions that add up to the prediction, what is removed, and what would save."""
        with tables.answering():
            return costs.explain(asked)

    @app.get("/devices", summary="What can be predicted")
    def devices() -> DevicesResponse:
        """Devices, what their numbers mean, and the search spaces."""
        return costs.devices()

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _problems([(tuple(e["loc"]), e["msg"], e["type"]) for e in error.errors()])


def _meaningless(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FieldError)
    return _problems([(("body", *place), text, "value_error") for place, text in error.problems])


def _problems(found: list[tuple[tuple[str | int, ...], str, str]]) -> JSONResponse:
    """Without the values themselves: they may be long, and need not be valid JSON or Unicode."""
    detail = [
        {"loc": [p if isinstance(p, int) else _printable(p) for p in loc], "msg": _printable(msg)}
        | {"type": kind}
        for loc, msg, kind in found
    ]
    return JSONResponse({"detail": detail}, 422)


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
