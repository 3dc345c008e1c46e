"""Conversations as text that a reviewer reads: requests, answers and usage, compared by syrupy.

`conversation` says which values are ours, `requests` and `transcripts` turn them into trees, `layout` into lines;
`extension` and `fixture` are the only modules that import syrupy.
"""
