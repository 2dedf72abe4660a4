"""Arithmetic on arrays: addresses, draws, quantile tables, permutations, calendars, fingerprints."""
