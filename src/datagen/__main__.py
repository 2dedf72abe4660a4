"""`python -m datagen` is the command line."""

import sys

from datagen.cli import main

sys.exit(main())
