"""What texts are made up of at random."""

from hypothesis import strategies as st

CHARACTERS = st.characters(exclude_categories=["Cs"])
"""All that UTF-8 can say, as in hypothesis' own texts. It finds that out by encoding a million characters, and in every
fresh checkout anew."""
