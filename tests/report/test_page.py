"""The page: complete in itself, everything recorded escaped, every test findable."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from pytest_llmcassette.report.page import page
from report.made import NOW, exchange, record


class Checked(HTMLParser):
    """Every tag is closed in order, every id is used once, every anchor has its target."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "href" and value and value.startswith("#"):
                self.targets.append(value[1:])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


HOSTILE = "<script>alert(1)</script>'\"&</div>"


@pytest.fixture(scope="module")
def hostile() -> Checked:
    said = exchange(
        method=HOSTILE,
        target=HOSTILE,
        model=HOSTILE,
        finish=HOSTILE,
        error=HOSTILE,
        asked=[["user", "user", HOSTILE], [HOSTILE, HOSTILE, HOSTILE]],
        answered=[["text", "", HOSTILE], ["tool", HOSTILE, HOSTILE], [HOSTILE, HOSTILE, HOSTILE]],
        chunks=[[0.0, 10], [12.5, 200]],
        stream=True,
        cost=None,
        cost_reason=HOSTILE,
    )
    made = record(HOSTILE, HOSTILE, said, said, cassette=HOSTILE, reason=HOSTILE, outcome="failed")
    return Checked(page([made], title=HOSTILE, now=NOW))


def test_recorded_text_is_never_markup(hostile: Checked) -> None:
    assert not hostile.open
    # Ours alone, at the end of the page.
    assert hostile.tags.count("script") == 1
    assert hostile.words.count(HOSTILE) > 20
    assert "\\u202e" in page([record("a", "p", exchange(answered=[["text", "", "\u202eolleH"]]))], title="x", now=NOW)


def test_the_page_asks_for_nothing_outside_itself() -> None:
    html = page([record("a", "p", exchange())], title="x", now=NOW)
    addresses = re.findall(r"""(?:src|href|action|url)\s*[=(]\s*["']?([^"'\s>)]+)""", html)
    assert addresses
    assert all(address.startswith(("#", "data:")) for address in addresses)
    assert "@import" not in html


def test_every_cell_leads_to_its_conversation() -> None:
    records = [record(name, who, exchange()) for name in ("a", "b") for who in ("p", "q")] + [record("c", "p")]
    checked = Checked(page(records, title="x", now=NOW))
    assert len(checked.targets) == 5
    assert len(set(checked.ids)) == len(checked.ids)
    assert set(checked.targets) <= set(checked.ids)


def test_the_figures() -> None:
    records = [
        record("a", "p", exchange(), exchange(live=True)),
        record("b", "p", outcome="failed", missing=True),
        record("c", "p", exchange(rerecord_cost=None, cost=None, cost_reason="no price"), unplayed=3, outcome="failed"),
    ]
    html = page(records, title="x", now=NOW)
    facts = re.findall(r"<b>([^<]+)</b><span>([^<]+)</span></div>", html)
    assert facts == [
        ("3", "tests with a cassette"),
        ("2", "exchanges replayed"),
        ("1", "exchanges recorded"),
        ("3", "unplayed"),
        ("1", "without a recording"),
        ("1", "failed"),
        ("3,702", "tokens"),
        ("$0.0050", "to record all anew today, without 1 of unknown price"),
    ]


def test_a_bar_shows_when_chunks_came() -> None:
    html = page(
        [record("a", "p", exchange(chunks=[[10.0, 50], [500.0, 100], [2000.0, 25]], wait_ms=340))], title="x", now=NOW
    )
    assert html.count("<rect") == 3
    assert "3 chunks, headers after 340 ms, then first chunk 10 ms, last 2.0 s" in html
    assert "<svg" not in page([record("a", "p", exchange())], title="x", now=NOW)


def test_what_an_exchange_repeats_is_folded() -> None:
    before = [["system", "system", "Be brief."], ["user", "user", "one"]]
    first = exchange(asked=before, answered=[["text", "", "two"]])
    second = exchange(asked=[*before, ["assistant", "assistant", "two"], ["user", "user", "three"]])
    html = page([record("a", "p", first, second)], title="x", now=NOW)
    assert html.count("2 turns as before") == 1


def test_an_empty_run() -> None:
    assert "No test with a cassette has run." in page([], title="x", now=NOW)
