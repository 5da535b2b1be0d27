"""The Pulumi program, `pulumi preview|up|destroy -s <site>`; its settings are `stacks/Pulumi.<site>.yaml`."""

import gc

# What is loaded is a million objects that all stay: looking through them again and again is a tenth of a preview.
gc.disable()

import pulumi

from arcos.platform import push

pulumi.run(push.main)
