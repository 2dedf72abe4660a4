"""`python -m datagen` is the command line."""

from datagen.cli import main

main()
