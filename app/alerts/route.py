"""The route of an alert: legs that join, in States that exist, through places that are no more than towns and regions."""

from collections.abc import Mapping, Sequence

from app.alerts.faults import Faults
from app.alerts.places import too_exact
from app.directory import codes
from app.wire.alert import Leg


def judge_route(route: Sequence[Leg], faults: Faults) -> None:
    """Note every fault of a route: unknown States and modes, places too exact, areas elsewhere, legs that do not join."""
    modes = codes.vocabulary("leg_mode").terms
    for index, leg in enumerate(route):
        for name, text in (("from", leg.origin), ("to", leg.to)):
            if codes.resolve_state(text) is None:
                faults.unknown(text, sorted(codes.states()), "route", index, name)
        if leg.mode not in modes:
            faults.unknown(leg.mode, list(modes), "route", index, "mode")
        _judge_place(leg, index, faults)
    _judge_joints(route, faults)


def passed(route: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Every State that a published route touches, each once, in the order of the legs as they were sent."""
    return tuple(dict.fromkeys(leg[end] for leg in route for end in ("from", "to")))


def _judge_place(leg: Leg, index: int, faults: Faults) -> None:
    fault = too_exact(leg.place) if leg.place else None
    if fault:
        faults.add(fault, "route", index, "place")
    ends = {codes.nationalities()[state].alpha2 for state in map(codes.resolve_state, (leg.origin, leg.to)) if state}
    if leg.area and ends and leg.area.partition("-")[0] not in ends:
        faults.add("area-elsewhere", "route", index, "area")


def _judge_joints(route: Sequence[Leg], faults: Faults) -> None:
    ends: dict[int, set[str | None]] = {}
    for leg in route:
        ends.setdefault(leg.seq, set()).add(codes.resolve_state(leg.to))
    for index, leg in enumerate(route):
        start, reached = codes.resolve_state(leg.origin), ends.get(leg.seq - 1, set())
        if leg.seq > 1 and not reached:
            faults.add("leg-number-missing", "route", index, "seq", missing=leg.seq - 1)
        # A State that is not known is a fault of its own, and joins with everything.
        elif leg.seq > 1 and None not in {start, *reached} and start not in reached:
            faults.add("leg-not-joined", "route", index, "from", before=leg.seq - 1)
