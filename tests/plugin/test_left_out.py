"""What a recording leaves out is told: retried failures, headers and cookies that the test has read."""

from __future__ import annotations

import pytest

from plugin.suite import Suite, outcomes, said

HEADERS = """
import httpx

def get():
    with httpx.Client(verify=False) as client:
        return client.get(os.environ["SERVER"] + "/ask")

@pytest.mark.cassette
def test_item():
    assert get().headers["Server"]

@pytest.mark.cassette
def test_get():
    assert get().headers.get("Date")

@pytest.mark.cassette
def test_kept():
    headers = get().headers
    assert headers["content-type"]
    assert int(headers["content-length"]) == 8
    assert "x-never-sent" not in headers
"""


def test_headers_that_a_test_reads_and_its_recording_leaves_out(suite: Suite) -> None:
    suite.test(HEADERS)
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 3}
    told = [line for line in said(result).splitlines() if "which the recording leaves out" in line]
    assert told == [
        "test_it.py::test_get read response header date, which the recording leaves out: "
        'keep_response_headers=["date"]',
        "test_it.py::test_item read response header server, which the recording leaves out: "
        'keep_response_headers=["server"]',
    ]
    result = suite.run()
    assert outcomes(result) == {"passed": 1, "failed": 2}
    assert 'keep_response_headers=["server"], and record again' in said(result)
    assert 'keep_response_headers=["date"], and record again' in said(result)
    suite.file("pytest.ini", "[pytest]\nllmcassette_keep_response_headers = server date\n")
    result = suite.run("--record-mode=rewrite")
    assert outcomes(result) == {"passed": 3}
    assert "leaves out" not in said(result)
    assert outcomes(suite.run()) == {"passed": 3}


def test_cookies_that_a_test_reads(suite: Suite) -> None:
    suite.test(
        """
        import httpx

        class TestCookies:
            @pytest.mark.cassette
            @pytest.mark.parametrize("reads", ["response", "", "client"])
            def test_ask(self, reads):
                with httpx.Client(verify=False) as client:
                    response = client.get(os.environ["SERVER"] + "/cookie")
                    client.get(os.environ["SERVER"] + "/next")
                assert response.headers.multi_items() and type(self).__name__ == "TestCookies"
                assert reads != "response" or response.cookies["sid"] == "1"
                assert reads != "client" or client.cookies.get("sid")
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 3}
    told = [line for line in said(result).splitlines() if "read cookies" in line]
    assert told == [
        "test_it.py::TestCookies::test_ask[client], test_it.py::TestCookies::test_ask[response] "
        "read cookies, which no recording holds"
    ]
    result = suite.run()
    assert outcomes(result) == {"passed": 1, "failed": 2}
    assert "This test asked for a cookie. No recording holds cookies" in said(result)


def test_retried_failures_are_counted_and_the_miss_names_the_switch(suite: Suite) -> None:
    suite.server.failures = 1
    suite.test(
        """
        @pytest.mark.cassette
        def test_loop():
            assert [ask() for _ in range(3)].count("later") <= 1
        """
    )
    result = suite.run("--record-mode=once")
    assert outcomes(result) == {"passed": 1}
    assert "1 failed attempt that an equal request followed" in said(result)
    assert "record_errors=True" in said(result)
    result = suite.run()
    assert outcomes(result) == {"failed": 1}
    assert "record_errors=True" in said(result)
    suite.server.failures = 1
    suite.file("pytest.ini", "[pytest]\nllmcassette_record_errors = true\n")
    result = suite.run("--record-mode=rewrite")
    assert outcomes(result) == {"passed": 1}
    assert "failed attempt" not in said(result)
    assert outcomes(suite.run()) == {"passed": 1}


@pytest.mark.parametrize("library", ["httpx2", pytest.param("httpx", marks=pytest.mark.slow)])
def test_a_client_that_counts_its_retries_says_what_is_none(suite: Suite, library: str) -> None:
    """Sampling, tolerated failures, a retry of the team's own: green while recording is green on replay."""
    suite.server.failures = 3
    suite.test(
        f"""
        import asyncio
        import {library} as http

        URL = os.environ["SERVER"] + "/ask"

        def sent(client, count=0):
            return client.post(URL, json={{"say": "x"}}, headers={{"x-stainless-retry-count": str(count)}})

        @pytest.mark.cassette
        def test_loop():
            with http.Client(verify=False) as client:
                codes = [sent(client).status_code for _ in range(4)]
            assert codes == [503, 503, 503, 200]

        @pytest.mark.cassette
        def test_gather():
            async def main():
                async with http.AsyncClient(verify=False) as client:
                    return [r.status_code for _ in range(2) for r in await asyncio.gather(sent(client), sent(client))]
            assert asyncio.run(main()) == [200] * 4
        """
    )
    assert outcomes(suite.run("--record-mode=once")) == {"passed": 2}
    assert outcomes(suite.run()) == {"passed": 2}
