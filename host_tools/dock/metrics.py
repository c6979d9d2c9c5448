"""The dock's figures in Prometheus' text format: read from the board at each scrape, none kept beside it."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from .board import Board
from .lights import Light, judge

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_COUNTS = {
    "pulls": "Pulls that were complete",
    "records": "Journal records that were new to the store",
    "bytes": "Journal bytes that were fetched",
    "settings": "Visits in which a unit took new settings",
    "assignments": "Pairs that were assigned",
    "cable_checks": "Checks of a camera's cable",
    "forwarded_records": "Journal records that were new to the server",
    "forward_failures": "Attempts to forward that failed",
}


class _Figures(Collector):
    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """See prometheus_client."""
        yield from self._counts()
        yield from self._units()
        yield from self._dock()

    def _counts(self) -> Iterator[CounterMetricFamily]:
        for name, words in _COUNTS.items():
            yield CounterMetricFamily(f"interlock_dock_{name}", words, value=self._board.counts[name])
        failures = CounterMetricFamily("interlock_dock_failures", "Visits that failed", labels=["reason"])
        for reason, count in sorted(self._board.failures.items()):
            failures.add_metric([reason], count)
        yield failures

    def _units(self) -> Iterator[GaugeMetricFamily]:
        board, now_s = self._board, self._board.now_s()
        its_age = "Since its last complete pull"
        age = GaugeMetricFamily("interlock_unit_last_pull_age_seconds", its_age, labels=["serial"])
        light = GaugeMetricFamily("interlock_unit_light", "1 for the light that it has", labels=["serial", "light"])
        battery = GaugeMetricFamily("interlock_unit_battery_volts", "As it said last", labels=["serial"])
        seen = GaugeMetricFamily("interlock_unit_in_range", "1 while it is heard", labels=["serial"])
        for serial, unit in sorted(board.units.items()):
            if (age_s := unit.age_s(now_s)) is not None:
                age.add_metric([serial], age_s)
            its = judge(unit, now_s, board.overdue_s)[0]
            for each in Light:
                light.add_metric([serial, each.word], each is its)
            if unit.battery_mv is not None:
                battery.add_metric([serial], unit.battery_mv / 1000)
            seen.add_metric([serial], board.in_range(unit))
        yield from (age, light, battery, seen)

    def _dock(self) -> Iterator[GaugeMetricFamily]:
        board, shown = self._board, self._board.snapshot()
        overdue = "Units in service that were not pulled for too long"
        yield GaugeMetricFamily("interlock_dock_units_overdue", overdue, value=len(shown.overdue))
        yield GaugeMetricFamily("interlock_dock_light", "0 green, 1 yellow, 2 red", value=board.light())
        if shown.forward is not None:
            lag = "Since when something waits for the server, 0: nothing does"
            yield GaugeMetricFamily("interlock_dock_forward_lag_seconds", lag, value=shown.forward.behind_s)
        links = GaugeMetricFamily("interlock_dock_links", "Visits under way", labels=["adapter"])
        works = GaugeMetricFamily("interlock_dock_adapter_up", "1 while it works", labels=["adapter"])
        for adapter in shown.adapters:
            links.add_metric([adapter.name], adapter.links)
            works.add_metric([adapter.name], adapter.trouble is None)
        yield from (links, works)


def exposition(board: Board) -> bytes:
    """The text of one scrape."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(board))
    return generate_latest(registry)
