"""What keeps the service small and to itself: bounds on bodies and rates, headers of answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1 << 20
"""In the body of a request."""
RATE = 50.0
"""Requests a second that are answered at length."""
BURST = 100
"""Requests that may come at once."""

_HEADERS = {
    # The page loads nothing from elsewhere, and nothing may put it in a frame.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


class OwnHeaders:
    """Adds the headers that keep a browser from mixing this page with others."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self.app(scope, receive, marked if scope["type"] == "http" else send)


class BoundedBodies:
    """Answers 413 to bodies of more than `most` bytes, before anything reads them whole."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        body, more = b"", not (stated.isdecimal() and int(stated[:20]) > self.most)
        too_long = not more
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.most:
                too_long = True
                break
        if too_long:
            text = f"a body of more than {self.most:,} bytes; send fewer architectures at once"
            await JSONResponse({"detail": text}, 413)(scope, receive, send)
            return
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return given.pop() if given else await receive()

        await self.app(scope, again, send)


class BoundedRate:
    """Answers 429 to POST requests beyond a rate: a bucket of tokens, one for all clients.

    Args:
        app: what answers.
        rate: tokens that come back in a second.
        burst: most tokens.
        clock: seconds, from whenever.
    """

    def __init__(
        self,
        app: ASGIApp,
        rate: float = RATE,
        burst: int = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.rate, self.burst, self.clock = app, rate, burst, clock
        self.tokens, self.filled = float(burst), clock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "http" and scope["method"] == "POST" and not self._take():
            wait = max(1, math.ceil((1 - self.tokens) / self.rate))
            text = f"more than {self.rate:g} requests a second; send many architectures in one"
            headers = {"retry-after": str(wait)}
            await JSONResponse({"detail": text}, 429, headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _take(self) -> bool:
        now = self.clock()
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
