"""One cassette in force: what its requests are answered with, what they leave behind, and whose they are."""
