"""Laws of random numbers, one file per word: quantiles, means, and what their parameters may be.

A law is used through `bind_law` (`laws/_bind.py`), which every part reaches as `scope.law`. Files that start with an
underscore are shared by all laws and are no words.
"""
