"""How much one client may ask, said in every answer, so that a program can pace itself before it is refused (pure ASGI)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-ratelimit-limit"


class Quota:
    """Adds `X-RateLimit-Limit`: requests a second that one client may send on average (contract: Limits)."""

    def __init__(self, app: ASGIApp, requests_per_second: int) -> None:
        """Wrap the application."""
        self.app, self.value = app, str(requests_per_second).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and its answer back with the header."""

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, self.value)]
            await send(message)

        await self.app(scope, receive, send_with_quota if scope["type"] == "http" else send)
