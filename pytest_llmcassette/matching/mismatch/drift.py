"""Which recording answers a request that has drifted from it in values of its JSON body, and in nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.bodies import json_value
from pytest_llmcassette.matching.mismatch.json_diff import ABSENT, Difference, Steps, differences, path_of
from pytest_llmcassette.matching.mismatch.nearest import nearest


def drifted_from(sent: Request, waiting: Sequence[Request], config: CassetteConfig) -> int | None:
    """The position of the nearest of these recordings that differs in ignorable JSON values alone; None without one.

    All are redacted. What `match_on` asks for beside the body must be equal.
    """
    if "body" not in config.match_on:
        return None
    matcher = Matcher(replace(config, match_on=tuple(name for name in config.match_on if name != "body")))
    key = matcher.key(sent)
    places = [place for place, request in enumerate(waiting) if matcher.key(request) == key]
    places = [place for place in places if paths_between(sent, waiting[place], config)]
    if not places:
        return None
    return places[nearest(sent, [(waiting[place], False) for place in places], Matcher(config))]


def paths_between(sent: Request, recorded: Request, config: CassetteConfig) -> tuple[str, ...]:
    """What `ignore_json` needs beside what it has, so that one answers the other; empty where no path does that.

    As little as can be: the values that differ, else the lists that have got longer or shorter, else the members of the
    body that these are in.
    """
    if not sent.body or not recorded.body:
        return ()
    ignored = Matcher(config).ignored
    try:
        found = list(differences(json_value(recorded.body, ignored), json_value(sent.body, ignored)))
    except (ValueError, RecursionError):
        return ()
    if any(not difference.steps for difference in found):
        return ()
    for wider in (_exact, _shifted_list, _outermost_list, _member):
        paths = tuple(dict.fromkeys(path_of(wider(difference)) for difference in found))
        if paths and "" not in paths and are_equal(sent, recorded, config, paths):
            return paths
    return ()


def are_equal(sent: Request, recorded: Request, config: CassetteConfig, paths: Sequence[str] = ()) -> bool:
    """Whether one answers the other, with these paths ignored too."""
    matcher = Matcher(replace(config, ignore_json=(*config.ignore_json, *paths)))
    return matcher.key(sent) == matcher.key(recorded)


def _exact(difference: Difference) -> Steps:
    return difference.steps


def _shifted_list(difference: Difference) -> Steps:
    """Of an item that only one side has the list: the places of the items after it differ, too."""
    is_item = isinstance(difference.steps[-1], int)
    is_there_once = ABSENT in (difference.recorded, difference.sent)
    return difference.steps[:-1] if is_item and is_there_once else difference.steps


def _outermost_list(difference: Difference) -> Steps:
    numbers = [place for place, step in enumerate(difference.steps) if isinstance(step, int)]
    return difference.steps[: numbers[0]] if numbers else difference.steps


def _member(difference: Difference) -> Steps:
    return difference.steps[:1]


def needed(pairs: Sequence[tuple[Request, Request]], config: CassetteConfig, paths: Sequence[str]) -> Iterator[str]:
    """Those of the paths without which a (sent, recorded) pair would not be equal, each looked at with the rest."""
    kept = list(paths)
    for path in paths:
        rest = [one for one in kept if one != path]
        if all(are_equal(sent, recorded, config, rest) for sent, recorded in pairs):
            kept = rest
        else:
            yield path
