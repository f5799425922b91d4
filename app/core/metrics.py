"""Metrics of a node in the text format of Prometheus: what is answered, how fast, what waits, what is refused.

Labels are names of ours only: operations, methods, statuses, codes of problems; never a client, a document or a figure.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The counters of one application, in a registry of its own."""

    def __init__(self, build: str) -> None:
        """Start at nothing; `build` is the version that answers."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answered = Counter("istmo_requests", "requests answered", ["operation", "method", "status"], registry=self.registry)
        self._took = Histogram(
            "istmo_request_seconds",
            "seconds from the request's head to its answer's end",
            ["operation"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._refused = Counter("istmo_refused", "requests refused for want of room or time", ["code"], registry=self.registry)
        Gauge("istmo_build", "the build that answers", ["version"], registry=self.registry).labels(build).set(1)
        self._known: dict[tuple[str, str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def answered(self, operation: str, method: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (operation, method, status)
        counter = self._known.get(key)
        if counter is None:
            counter = self._known[key] = self._answered.labels(operation, method, str(status))
        counter.inc()
        timed = self._timed.get(operation)
        if timed is None:
            timed = self._timed[operation] = self._took.labels(operation)
        timed.observe(seconds)

    def refused(self, code: str) -> None:
        """Count one refusal under the code of its problem."""
        self._refused.labels(code).inc()

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Show a figure that is asked for whenever the metrics are read."""
        Gauge(name, what, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
