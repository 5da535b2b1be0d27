"""What an OpenStack cloud's answers mean for a site, where no one kind of cluster is meant. Pure."""

from __future__ import annotations

from arcos.checks import Level
from arcos.preflight import openstack


def test_gpus_that_nothing_tells_kubernetes_of_are_told_before_they_are_paid_for() -> None:
    [missing] = openstack.plugin(gpus=True, brought=False)
    assert (missing.name, missing.level) == ("cluster.gpuPlugin", Level.WARN)
    [there] = openstack.plugin(gpus=True, brought=True)
    assert there.level is Level.OK
    assert list(openstack.plugin(gpus=False, brought=False)) == []
