"""What the dock's page answers over HTTP: what it shows, what it refuses, and what Prometheus reads. How it looks:
`tests/browser`."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

import host_tools
from host_tools.dock.page import Page, parse_listen, served
from host_tools.outcome import ToolError
from tests.browser.locker import board

SCHEMA = Path(host_tools.__file__).parent / "schemas" / "dock.json"


def asked(*requests, silent_s=0.0, host="127.0.0.1"):
    """Answers to (method, path, headers): (status, headers, text) of each."""

    async def main():
        made = board()
        page = Page(made, lambda: made.now_s() - silent_s, show_officers=False)
        answers = []
        async with served(page, host, 0) as url, aiohttp.ClientSession() as session:
            local = url.replace("0.0.0.0", "127.0.0.1")
            for method, path, headers in requests:
                async with session.request(method, local + path, headers=headers) as answer:
                    answers.append((answer.status, answer.headers, await answer.text()))
        return answers

    return asyncio.run(main())


def test_status_json_is_what_its_schema_says_and_names_no_officer():
    ((status, headers, text),) = asked(("GET", "status.json", {}))
    told = json.loads(text)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(told)
    assert status == 200 and headers["Content-Type"].startswith("application/json")
    assert told["overdue"] == ["C9", "H8"] and len(told["units"]) == 20 and "PC1001" not in text


def test_every_answer_is_fenced_in():
    for path in ("", "status.json", "metrics", "healthz", "no_such_page"):
        ((_, headers, _),) = asked(("GET", path, {}))
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer" and headers["Server"] == "interlock"


def test_only_reading_is_possible_and_only_under_this_machines_names():
    answers = asked(
        ("POST", "", {}),
        ("DELETE", "status.json", {}),
        ("GET", "", {"Host": "evil.example"}),
        ("GET", "status.json", {"Host": "evil.example:8438"}),
        ("GET", "", {"Host": "localhost:8438"}),
        ("GET", "../../etc/passwd", {}),
    )
    assert [status for status, _, _ in answers] == [405, 405, 403, 403, 200, 404]


def test_a_page_for_the_network_answers_to_any_name():
    assert [status for status, _, _ in asked(("GET", "", {"Host": "dock.station"}), host="0.0.0.0")] == [200]


def test_prometheus_reads_the_figures():
    ((_, headers, text),) = asked(("GET", "metrics", {}))
    assert headers["Content-Type"].startswith("text/plain")
    figures = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for sample in family.samples:
            figures[(sample.name, *sorted(sample.labels.values()))] = sample.value
    assert figures["interlock_dock_pulls_total",] == 412
    assert figures["interlock_dock_failures_total", "not heard"] == 3
    assert figures["interlock_unit_light", "H3", "red"] == 1 and figures["interlock_unit_light", "H3", "green"] == 0
    assert 600 <= figures["interlock_unit_last_pull_age_seconds", "H1"] < 700
    assert ("interlock_unit_last_pull_age_seconds", "C9") not in figures, "one that was never pulled has no age"
    assert figures["interlock_dock_adapter_up", "hci1"] == 0 and figures["interlock_dock_units_overdue",] == 2
    assert 700 <= figures["interlock_dock_forward_lag_seconds",] < 800


def test_health_is_that_the_docks_own_loop_goes_round():
    assert [status for status, _, _ in asked(("GET", "healthz", {}))] == [200]
    assert [status for status, _, _ in asked(("GET", "healthz", {}), silent_s=60.0)] == [503]


def test_a_port_that_is_taken_is_told_with_advice():
    async def main():
        page = Page(board(), lambda: 0.0, show_officers=False)
        async with served(page, "127.0.0.1", 0) as url:
            _, port = parse_listen(url.removeprefix("http://").removesuffix("/"))
            async with served(page, "127.0.0.1", port):
                pass

    with pytest.raises(ToolError) as caught:
        asyncio.run(main())
    assert "--listen" in caught.value.advice


def test_what_a_unit_calls_itself_is_text_and_no_markup():
    ((_, _, text),) = asked(("GET", "", {}))
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


@pytest.mark.parametrize("text", ["", "here", "127.0.0.1:", ":8438x", "127.0.0.1:70000", "127.0.0.1:-1"])
def test_an_address_that_is_none_is_refused(text):
    with pytest.raises(ToolError) as caught:
        parse_listen(text)
    assert "HOST:PORT" in caught.value.advice
