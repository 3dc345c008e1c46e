"""Gives the tests pytest's own harness for plugins; pytest takes this only from the root folder."""

pytest_plugins = ["pytester"]
