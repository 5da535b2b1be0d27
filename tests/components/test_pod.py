"""The one hardened pod."""

from __future__ import annotations

import pytest

from components.pod import API_ACCESS_PATH, Mount, PodArgs, Probe, Resources, pod_template

SMALL = Resources(cpu="10m", cpu_limit="1", memory="32Mi")


def _args(**more: object) -> PodArgs:
    return PodArgs(
        **{"app": "a", "image": "r/a:1@sha256:0", "user": 10001, "resources": SMALL, "service_account": "a"} | more
    )


def _container(**more: object) -> dict[str, object]:
    return pod_template(_args(**more))["spec"]["containers"][0]


def test_the_barest_pod_is_hardened():
    spec = pod_template(_args())["spec"]
    assert spec["automount_service_account_token"] is False
    assert spec["enable_service_links"] is False
    context = spec["containers"][0]["security_context"]
    assert context["read_only_root_filesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["allow_privilege_escalation"] is False


def test_what_is_not_given_is_not_there():
    assert not {"ports", "env", "args", "volume_mounts", "lifecycle", "startup_probe"} & set(_container())
    assert "volumes" not in pod_template(_args())["spec"]


def test_memory_is_promised_and_cpu_may_burst():
    assert _container()["resources"] == {
        "requests": {"cpu": "10m", "memory": "32Mi"},
        "limits": {"cpu": "1", "memory": "32Mi"},
    }


def test_probes_and_a_pause_before_the_end_come_together():
    container = _container(ready=Probe(path="/ready", port=1), live=Probe(path="/live", port=2))
    assert container["readiness_probe"]["http_get"] == {"path": "/ready", "port": 1}
    assert container["liveness_probe"]["http_get"] == {"path": "/live", "port": 2}
    assert container["startup_probe"]["http_get"] == {"path": "/live", "port": 2}, (
        "a slow start is no reason to restart"
    )
    assert container["lifecycle"] == {"pre_stop": {"sleep": {"seconds": 5}}}


def test_a_token_is_mounted_only_on_request_and_with_its_lifetime():
    spec = pod_template(_args(api_token=600))["spec"]
    assert spec["automount_service_account_token"] is False, "the explicit mount replaces it"
    [volume] = spec["volumes"]
    assert volume["projected"]["sources"][0] == {"service_account_token": {"path": "token", "expiration_seconds": 600}}
    [mount] = spec["containers"][0]["volume_mounts"]
    assert (mount["mount_path"], mount["read_only"]) == (API_ACCESS_PATH, True)


@pytest.mark.parametrize(
    ("mount", "volume"),
    [
        (Mount(path="/etc/a", config_map="c"), {"name": "c", "config_map": {"name": "c", "default_mode": 0o444}}),
        (Mount(path="/tls", secret="s"), {"name": "s", "secret": {"secret_name": "s", "default_mode": 0o440}}),
        (Mount(path="/var/tmp", scratch="1Gi"), {"name": "var-tmp", "empty_dir": {"size_limit": "1Gi"}}),
        (
            Mount(path="/etc/a", config_map="c", items={"k": "sub/f"}),
            {"name": "c", "config_map": {"name": "c", "default_mode": 0o444, "items": [{"key": "k", "path": "sub/f"}]}},
        ),
    ],
    ids=["config", "secret", "scratch", "items"],
)
def test_a_mount_is_a_volume_and_its_place(mount, volume):
    spec = pod_template(_args(mounts=[mount]))["spec"]
    assert spec["volumes"] == [volume]
    [place] = spec["containers"][0]["volume_mounts"]
    only_read = {} if mount.scratch else {"read_only": True}
    assert place == {"name": volume["name"], "mount_path": mount.path} | only_read


def test_ports_have_names_and_protocols():
    ports = _container(ports={"dns-tcp": 53}, udp_ports={"dns": 53})["ports"]
    assert [(port["name"], port["protocol"]) for port in ports] == [("dns-tcp", "TCP"), ("dns", "UDP")]


def test_a_companion_is_as_hardened_and_brings_its_volumes_but_no_token():
    beside = _args(app="b", user=10002, mounts=[Mount(path="/etc/b", secret="s")])
    spec = pod_template(_args(companions=[beside], api_token=900))["spec"]
    first, second = spec["containers"]
    own = {"run_as_user": 10002, "run_as_group": 10002}
    assert second["security_context"] == first["security_context"] | own
    assert [volume["name"] for volume in spec["volumes"]] == ["s", "api-access"]
    assert [mount["mount_path"] for mount in second["volume_mounts"]] == ["/etc/b"]
    with pytest.raises(ValueError, match="holds no token"):
        _args(companions=[_args(app="b", api_token=600)])


def test_a_variable_out_of_a_secret_names_it_and_never_its_value():
    [plain, secret] = _container(env={"A": "b"}, secret_env={"TOKEN": ("tsig", "secret")})["env"]
    assert plain == {"name": "A", "value": "b"}
    assert secret == {"name": "TOKEN", "value_from": {"secret_key_ref": {"name": "tsig", "key": "secret"}}}
