"""What a run did with its cassettes: a section at its end, a matrix of provider x scenario, and the same as a page.

`records` is what each test hands in, as plain JSON; `collect` makes it from a test's recorder, with `figures` where
somebody looks at them; `summary`, `matrix` and `page` show it.
"""
