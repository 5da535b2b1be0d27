"""Applying rendered manifests to a cluster, waiting for them, and explaining what went wrong."""
