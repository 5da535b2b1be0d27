"""Beside Pulumi's engine: what a plan would take away, and going on after a run that was cut short."""
