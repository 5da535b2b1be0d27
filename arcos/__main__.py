"""``python -m arcos``: the command line."""

from arcos.cli.main import main

main()
