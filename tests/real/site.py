"""A local site of a test's own: its folder, its ports, and how tests talk to it as a user would."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arcos.local.ports import free_ports
from arcos.paths import ROOT, cache_dir

SITE_FILE = """\
config:
  arcos:site:
    title: {title}
    domain: {name}.arcos.localhost
    contact: you@arcos.localhost
    release: "2026.11"
    cluster: {{kind: local, httpPort: {http}, httpsPort: {https}, apiPort: {api}}}
    apps:
      ingress: {{}}
      welcome: {{}}
"""
#: The same with all services.
FULL = (
    SITE_FILE
    + """\
      objectstore:
        buckets:
          - {{name: group-data, quota: 256Mi, versioned: true}}
          - {{name: scratch, quota: 8Mi}}
          - {{name: expiring, quota: 64Mi, expireDays: 1}}
      database: {{}}
      auth: {{groups: [{{name: chemistry}}, {{name: biology}}]}}
      jupyterhub: {{shared: [{{group: chemistry, size: 1Gi}}, {{group: biology, size: 1Gi}}]}}
      monitoring: {{}}
      registry: {{robots: [{{name: reader, repositories: ["rosalind/*"]}}]}}
"""
)


def full_with(**apps: dict[str, Any]) -> str:
    """`FULL` with other settings of apps that stand there on one line."""
    text = FULL
    for app, settings in apps.items():
        line = json.dumps(settings).replace("{", "{{").replace("}", "}}")
        text, found = re.subn(rf"(?m)^      {app}: .*$", lambda _, app=app, line=line: f"      {app}: {line}", text)
        assert found == 1, f"{app} stands on {found} lines"
    return text


#: The system may name one port twice, as long as nobody listens on it.
_GIVEN: set[int] = set()


def free_port() -> int:
    """A port of the loopback address that nobody listens on just now, and that nobody here was given before."""
    while True:
        [port] = free_ports(1)
        if port not in _GIVEN:
            _GIVEN.add(port)
            return port


@dataclass
class RealSite:
    """One site with a home of its own; programs and images come from the user's cache."""

    name: str
    base: Path
    http: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    api: int = field(default_factory=free_port)
    title: str = "ARCOS on this machine"
    up_said: list[str] = field(default_factory=list)
    """What each `up` said, with which no secret may come out."""

    def __post_init__(self) -> None:
        """Write the site file and link the cache."""
        stacks = self.base / "stacks"
        stacks.mkdir(parents=True, exist_ok=True)
        self.file = stacks / f"Pulumi.{self.name}.yaml"
        self.write(SITE_FILE)
        home = self.base / "home"
        home.mkdir(exist_ok=True)
        cache_dir().mkdir(parents=True, exist_ok=True)
        if not (home / "cache").exists():
            (home / "cache").symlink_to(cache_dir())
        self.env = {**os.environ, "ARCOS_HOME": str(home), "ARCOS_STACKS": str(stacks)}

    def write(self, text: str) -> None:
        """Write the site file from a template."""
        values = {"title": self.title, "name": self.name, "http": self.http, "https": self.https, "api": self.api}
        self.file.write_text(text.format(**values), encoding="utf-8")

    @property
    def domain(self) -> str:
        """The site's name for browsers."""
        return f"{self.name}.arcos.localhost"

    @property
    def address(self) -> str:
        """Where its landing page is."""
        return f"https://{self.domain}:{self.https}/"

    @property
    def authority(self) -> Path:
        """The certificate of the local authority."""
        return self.base / "home" / "data" / "ca" / "ca.crt"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start arcosctl in a process group of its own."""
        return subprocess.Popen(
            [str(ROOT / "arcosctl"), *arguments],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def arcosctl(self, *arguments: str, code: int = 0) -> str:
        """Run arcosctl to its end; its exit code must be the one named."""
        running = self.start(*arguments)
        output, _ = running.communicate(timeout=1200)
        command = f"arcosctl {' '.join(arguments)}"
        if arguments[0] == "up":
            self.up_said.append(output)
        assert running.returncode == code, f"{command} left with {running.returncode}, not {code}:\n{output}"
        return output

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl on the site's cluster."""
        return self.arcosctl("kubectl", self.name, "--", *arguments)

    def status(self) -> dict[str, Any]:
        """What `status --json` says, whatever its exit code."""
        running = self.start("status", self.name, "--json")
        output, _ = running.communicate(timeout=120)
        report: dict[str, Any] = json.loads(output)
        return report

    def get(self, url: str, host: str = "") -> tuple[int, dict[str, str], str]:
        """Ask over HTTP(S) with the local authority trusted, without following redirects: status, headers, body.

        The name is not looked up: this machine's resolver need not know `*.localhost`.
        """
        context = ssl.create_default_context(cafile=str(self.authority))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect
        )
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        """Show the redirect itself."""
