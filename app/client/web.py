"""httpx, without the command line that it brings: wherever click and rich are installed that takes most of the time of its import."""

import sys

_COMMAND_LINE = "httpx._main"
_known = sys.modules.get(_COMMAND_LINE)
# A module that is None cannot be imported, which httpx takes for a missing extra of its own.
sys.modules[_COMMAND_LINE] = _known  # type: ignore[assignment]
import httpx  # noqa: E402 - after the line above
import httpx_retries  # noqa: E402 - the same

if _known is None:
    del sys.modules[_COMMAND_LINE]

__all__ = ["httpx", "httpx_retries"]
