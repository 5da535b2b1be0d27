"""How a site's cluster comes to be: one folder a kind, all alike (see `contract.py`)."""
