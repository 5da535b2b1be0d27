"""``python -m arcos``: the command line."""

import gc

# The modules are a million objects that all stay: looking through them again and again is a third of a short command.
gc.disable()

from arcos.cli.main import main

main()
