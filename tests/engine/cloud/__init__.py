"""A cloud that exists in one file, for tests: it stands in for AWS's and OpenStack's provider plugins.

The engine starts `pulumi-resource-aws` or `pulumi-resource-openstack` (made by `install.py`) and speaks its usual
protocol with it (`provider.py`). What such a cloud does with a request stands in `cloud.py`, what it knows of each
resource type in `aws.yaml`, `aws-storage.yaml` and `openstack.yaml`, what it has in one file an account (`account.py`).
A test tells it to be slow, to fail, to lose a reply or to kill the engine through `steering.py`.
https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""
