"""For the tests of the language: Hypothesis strategies of values."""

from hypothesis import settings
from hypothesis import strategies as st

few = settings(max_examples=40)
"""For properties of values, which take long to make."""

LETTERS = 'aB1 _-|"\\/{}[]\x00\x1f\x7f\n\u2003ßé\ufffd😀'

texts = st.text(st.sampled_from(LETTERS), max_size=8)
integers = st.integers(-(2**63), 2**64 - 1)
# The language reads no exponent below -323.
finite = st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not 0 < abs(number) < 1e-322)
scalars = st.none() | st.booleans() | integers | finite | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
