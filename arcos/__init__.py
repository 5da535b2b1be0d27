"""ARCOS: a standard Kubernetes platform for research computing, one stack per site."""

__version__ = "0.1.0"
