"""What the plugin costs, as ratios against the floor and against its peers, all measured in one run.

`python -m benchmarks` prints the tables; nothing here is a test, and nothing in the tests is timed.
"""
