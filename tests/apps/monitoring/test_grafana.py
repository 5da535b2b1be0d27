"""Grafana: who gets in as what, what it reaches, and that nothing in its file is a way around the sign-on."""

from __future__ import annotations

import configparser
import json
import re
from typing import Any

import jmespath
import pytest
import yaml

from apps.auth import auth
from apps.monitoring import grafana, page
from apps.monitoring.config import GrafanaConfig, MonitoringConfig
from apps.monitoring.monitoring import needs
from apps.monitoring.prometheus import workload as prometheus
from components.facts import Facts
from components.pod import pod_template

FACTS = Facts(name="x", title="X", contact="a@b.org", domain="x.org", https_port=8443)
GROUPS = {"editors": ["lab", "chem-lab"], "viewers": ["leads"]}


def config(**settings: Any) -> GrafanaConfig:
    return GrafanaConfig.model_validate(settings)


def ini() -> configparser.ConfigParser:
    """The file as Grafana reads it."""
    parser = configparser.ConfigParser(interpolation=None, comment_prefixes=(";", "#"))
    parser.read_string(grafana.config_files()["grafana.ini"])
    return parser


def image(name: str) -> str:
    return f"r/{name}@sha256:0"


def made() -> Any:
    return grafana.workload(config(), FACTS, image, page.DASHBOARDS, grafana.config_files())


def test_it_is_off_until_a_site_turns_it_on() -> None:
    off, on = needs(MonitoringConfig(), FACTS), needs(MonitoringConfig(grafana=config()), FACTS)
    assert [route.app for route in off.routes] == ["monitoring"]
    assert not off.clients
    assert [route.app for route in on.routes] == ["monitoring", "grafana"], "the page stays"
    assert [client.app for client in on.clients] == ["grafana"]
    assert [database.name for database in on.databases] == ["grafana"]


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["operators"], "Admin"),
        (["lab", "operators"], "Admin"),
        (["chem-lab"], "Editor"),
        (["leads", "lab"], "Editor"),
        (["leads"], "Viewer"),
        (["researchers"], False),
        (["labs", "operators-of-others"], False),
        ([], False),
    ],
    ids=lambda value: "+".join(value) or "nobody" if isinstance(value, list) else "",
)
def test_a_role_comes_from_the_groups_and_from_nothing_else(groups: list[str], role: object) -> None:
    token = {"groups": groups, "preferred_username": "operators", "name": "Admin"}
    assert jmespath.search(grafana.roles(config(**GROUPS)), token) == role
    assert ini()["auth.generic_oauth"]["role_attribute_strict"] == "true", "no role is no way in"


def test_by_default_only_operators_get_in() -> None:
    assert jmespath.search(grafana.roles(config()), {"groups": ["operators"]}) == "Admin"
    assert not jmespath.search(grafana.roles(config()), {"groups": ["researchers", "lab"]}), "figures of others"


def test_the_sign_on_is_the_only_way_in() -> None:
    said = ini()
    assert said["auth"]["disable_login_form"] == "true"
    assert said["auth.basic"]["enabled"] == "false", "no password over the API either"
    assert said["auth.anonymous"]["enabled"] == "false"
    assert said["security"]["disable_initial_admin_creation"] == "true", "no first account with a password"
    assert said["auth.generic_oauth"]["auto_login"] == "true"
    assert said["auth.generic_oauth"]["use_pkce"] == "true"
    assert said["public_dashboards"]["enabled"] == said["snapshots"]["enabled"] == "false"
    assert said["metrics"]["enabled"] == "false", "they would be on the public port"


def test_every_secret_is_a_file_that_is_mounted() -> None:
    text = grafana.config_files()["grafana.ini"]
    mounted = {f"{mount.path}/" for mount in made().pod.mounts if mount.secret}
    named = re.findall(r"\$__file\{(.+?)\}", text)
    assert len(named) == 3
    assert all(any(file.startswith(folder) for folder in mounted) for file in named)
    for section in ini().values():
        for key, value in section.items():
            if re.search(r"secret|password", key) and key != "disable_login_form":
                assert value.startswith("$__file{"), f"[{section.name}] {key}"


def test_what_differs_between_sites_is_in_the_environment_that_the_file_names() -> None:
    text = grafana.config_files()["grafana.ini"]
    assert set(re.findall(r"\$__env\{(.+?)\}", text)) == set(grafana.environment(config(), FACTS))


def test_its_addresses_are_those_of_its_client_at_the_sign_on() -> None:
    [client] = grafana.needs(config(host="graphs.x.org"), FACTS).clients
    env = grafana.environment(config(host="graphs.x.org"), FACTS)
    assert client.app == ini()["auth.generic_oauth"]["client_id"]
    assert client.redirect_urls == (f"{env['GRAFANA_URL']}login/generic_oauth",)
    assert env["GRAFANA_URL"] == "https://graphs.x.org:8443/"
    assert client.post_logout_urls[0] in env["GRAFANA_SIGN_OUT"].replace("%3A", ":").replace("%2F", "/")
    [_, _, secret] = auth.secrets([client])
    assert secret.copies[0].namespace == "monitoring", "born with its client, and copied here"


def test_nothing_is_fetched_or_changed_at_run_time() -> None:
    plugins = ini()["plugins"]
    assert plugins["preinstall_disabled"] == "true", "an update that fails on a read-only root ends the data source"
    assert plugins["plugin_admin_enabled"] == "false"
    assert "prometheus" not in plugins["disable_plugins"].split(",")
    assert ini()["analytics"]["check_for_updates"] == "false"


def test_its_dashboards_are_the_pages_own_and_lead_to_our_prometheus() -> None:
    mounts = {mount.path: mount.config_map for mount in made().pod.mounts if mount.config_map}
    assert mounts["/etc/dashboards"] == page.DASHBOARDS
    [provider] = yaml.safe_load(grafana.config_files()["grafana_dashboards.yaml"])["providers"]
    assert provider["options"]["path"] == "/etc/dashboards"
    [source] = yaml.safe_load(grafana.config_files()["grafana_prometheus.yaml"])["datasources"]
    for name, text in page.dashboards()[page.DASHBOARDS].items():
        asked = {panel["datasource"]["uid"] for panel in json.loads(text)["panels"] if "datasource" in panel}
        assert asked == {source["uid"]}, name
    assert (
        ini()["dashboards"]["default_home_dashboard_path"].removeprefix("/etc/dashboards/")
        in page.dashboards()[page.DASHBOARDS]
    )


def test_it_reaches_prometheus_its_database_and_the_sign_on_and_nothing_else() -> None:
    reached = [rule["to"][0]["pod_selector"]["match_labels"]["app.kubernetes.io/name"] for rule in made().egress]
    assert reached == ["prometheus", "database", "auth"]
    let_in = [rule["from_"][0]["pod_selector"]["match_labels"]["app.kubernetes.io/name"] for rule in made().ingress]
    assert let_in == ["ingress", "welcome"]


def test_prometheus_lets_it_in_only_where_it_is_on() -> None:
    for on, expected in ((None, ["dashboards"]), (config(), ["dashboards", "grafana"])):
        asked = prometheus(MonitoringConfig(grafana=on), image, "fast", (), {})
        names = [rule["from_"][0]["pod_selector"]["match_labels"]["app.kubernetes.io/name"] for rule in asked.ingress]
        assert names == expected


def test_what_it_writes_is_thrown_away_with_the_pod() -> None:
    mounts = pod_template(made().pod)["spec"]["containers"][0]["volume_mounts"]
    written = {mount["mount_path"] for mount in mounts if not mount.get("read_only")}
    assert written == {"/var/lib/grafana", "/tmp"}
