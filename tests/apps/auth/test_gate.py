"""The gate: whom it asks, what it tells, what it keeps; and that it runs only where an app asks for it."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from apps.auth.auth import secrets
from apps.auth.config import AuthConfig
from apps.auth.gate import GateArgs, config_files, cookie_key, needs, workload
from arcos.images.build import build
from arcos.images.catalogue import find
from arcos.images.oci import Layout
from arcos.images.unpack import unpack
from arcos.platform import gather
from arcos.progress import Progress
from arcos.render.evaluate import evaluate
from arcos.site.loader import load_site
from arcos.site.release import load_release
from components import gate
from components.facts import Facts
from components.route import Route
from tests.program.conftest import pinned, unusual_site

FACTS = Facts(name="x", title="The X site", contact="ops@x.org", domain="x.org", https_port=8443)
ROUTE = Route(
    app="metrics",
    host="metrics.x.org",
    service="metrics",
    namespace="monitoring",
    port=9090,
    title="",
    description="",
    health_path="/",
    groups=("operators", "lab"),
)


def _structured() -> dict:
    return yaml.safe_load(config_files(AuthConfig(), FACTS)["gate.yaml"])


def _core() -> dict:
    return tomllib.loads(config_files(AuthConfig(), FACTS)["gate.cfg"])


def test_its_client_comes_back_to_each_gated_host_and_nowhere_else():
    [client] = needs([ROUTE], FACTS).clients
    assert client.redirect_urls == ("https://metrics.x.org:8443/oauth2/callback",)
    assert client.post_logout_urls == ("https://x.org:8443/",)


def test_browsers_are_led_to_the_public_address_and_tokens_are_asked_inside():
    [provider] = _structured()["providers"]
    assert provider["loginURL"].startswith("https://auth.x.org:8443/realms/arcos/")
    assert provider["redeemURL"].startswith("http://auth.auth.svc.cluster.local:8080/realms/arcos/")
    assert provider["oidcConfig"]["jwksURL"].startswith("http://auth.auth.svc.cluster.local:8080/realms/arcos/")
    assert provider["oidcConfig"]["issuerURL"] == "https://auth.x.org:8443/realms/arcos", "what tokens must say"
    assert provider["code_challenge_method"] == "S256"


def test_the_cookie_is_of_one_host_and_out_of_reach_of_scripts():
    core = _core()
    assert core["cookie_name"].startswith("__Host-")
    assert "cookie_domains" not in core, "another service of the site must never see it"
    assert (core["cookie_secure"], core["cookie_httponly"], core["cookie_samesite"]) == (True, True, "lax")


def test_a_session_is_held_against_the_sign_on_each_minute_and_ends_with_it():
    assert _core()["cookie_refresh"] == "1m"
    files = config_files(AuthConfig.model_validate({"longest": "8h"}), FACTS)
    assert tomllib.loads(files["gate.cfg"])["cookie_expire"] == "28800s"


def test_no_secret_stands_in_its_files_and_no_code_in_its_log():
    core, [provider] = _core(), _structured()["providers"]
    assert not {"cookie_secret", "client_secret"} & set(core)
    assert "clientSecret" not in provider
    assert core["request_logging"] is False, "the address of the callback holds a code"


def test_only_the_sign_on_is_another_place_to_be_led_to():
    assert _core()["whitelist_domains"] == ["auth.x.org:8443"], "an open redirect helps who fishes for passwords"


def test_its_secrets_stay_in_its_namespace():
    [made] = [one for one in secrets([gate.client([ROUTE], FACTS)]) if one.name == "oidc-gate"]
    assert made.copies == (), "a copy would have the name of the original"
    assert cookie_key().copies == ()


def test_it_is_asked_with_the_routes_groups():
    assert gate.question(ROUTE).endswith("/?allowed_groups=operators,lab")


def test_only_the_proxy_and_prometheus_reach_it_and_it_reaches_only_keycloak():
    args = GateArgs(config=AuthConfig(), facts=FACTS, images=lambda name: f"r/{name}")
    made = workload(args, {})
    sources = [rule["from_"][0]["pod_selector"]["match_labels"]["app.kubernetes.io/name"] for rule in made.ingress]
    targets = [rule["to"][0]["pod_selector"]["match_labels"]["app.kubernetes.io/name"] for rule in made.egress]
    assert (sources, targets) == (["ingress", "prometheus"], ["auth"])


@pytest.mark.parametrize(("name", "wanted"), [("sign-on-only", False), ("members-only", True)])
def test_the_gate_runs_only_where_a_route_asks_for_it(name: str, wanted: bool):
    site = unusual_site(name)
    made = evaluate(site, pinned(load_release(site.release)))
    assert ("gate" in {m["metadata"]["name"] for m in made if m["kind"] == "Deployment"}) is wanted
    assert (gate.GATE in {client.app for client in gather.needs(site).clients}) is wanted


def test_a_gated_route_without_sign_on_is_no_site():
    site = load_site("local")
    apps = site.apps.model_copy(update={"welcome": unusual_site("members-only").apps.welcome, "auth": None})
    apps = apps.model_copy(update={"jupyterhub": None})
    with pytest.raises(ValueError, match="welcome: its route is for some groups"):
        gather.needs(site.model_copy(update={"apps": apps}))


@pytest.mark.api  # compiles the program, as that tier does
def test_the_program_takes_our_files(tmp_path: Path):
    built = build(find("oauth2-proxy"), Progress(quiet=True))
    unpack(Layout(built.layout), tmp_path / "image")
    for name, content in (("cookie/password", "x" * 43), ("client/client-secret", "secret")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    for name, text in config_files(AuthConfig(), FACTS).items():
        (tmp_path / name).write_text(text.replace("/run/gate", str(tmp_path)))
    flags = [f"--config={tmp_path}/gate.cfg", f"--alpha-config={tmp_path}/gate.yaml", "--config-test"]
    done = subprocess.run([tmp_path / "image" / "oauth2-proxy", *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "configuration is valid" in done.stdout
