"""The versions that a data set names: of the program, and of the values it makes."""

__version__ = "0.1.0"

DATA_VERSION = 1  # the address scheme and the draws; one more whenever a value of an unchanged schema would move
