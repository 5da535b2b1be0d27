"""What others build is asked for at their registry, copied by the digest it names, and never run by tag."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from arcos.errors import USAGE, ArcosError
from arcos.images.build import build
from arcos.images.catalogue import UpstreamImage, find
from arcos.images.crane import crane, run
from arcos.images.importer import archive_for
from arcos.images.lock import lock
from arcos.images.obtain import obtain
from arcos.images.oci import Layout
from arcos.images.publish import push
from arcos.images.unpack import unpack, unpack_others
from arcos.images.upstream import ask
from arcos.images.verify import verify
from arcos.paths import IMAGES
from arcos.progress import Progress
from arcos.site.release import ImagePin, Release, load_release, release_names
from tests.apps.registry.running import SECRETS, running
from tests.arcos.images.served import Served, image, layer, served

ABOUT = yaml.safe_load((IMAGES / "grafana" / "image.yaml").read_text())
RELEASE = """\
# A release.
kubernetes: "1.37"
supported: {from: 2026-11-01, until: 2027-12-31}
images:
  pause:
    version: "1.0.0"
    digest: null
  tool:  # made by others
    version: "1.0.0"
    digest: null
"""


def described(folder: Path, reference: str, **changes: object) -> UpstreamImage:
    about = ABOUT | {
        "version": "1.0.0",
        "entrypoint": ["/pause"],
        "recipe": {"kind": "upstream", "reference": reference, "field": "apps.some.tool", "why": "of a test"},
        "tests": [{"run": ["/pause", "--version"], "prints": "pause 1.0.0"}],
    }
    (folder / "tool").mkdir(parents=True, exist_ok=True)
    (folder / "tool" / "image.yaml").write_text(yaml.safe_dump(about | changes))
    found = find("tool", folder)
    assert isinstance(found, UpstreamImage)
    return found


def release(digest: str | None) -> Release:
    pins = {"tool": ImagePin(version="1.0.0", digest=digest)}
    return load_release(release_names()[-1]).model_copy(update={"images": pins})


def test_an_image_of_others_names_its_tag_and_never_a_digest(tmp_path: Path) -> None:
    for reference in (
        "docker.io/x/tool",
        "docker.io/x/tool@sha256:" + "0" * 64,
        "tool:1.0.0",
        "docker.io/x/tool:2.0.0",
    ):
        with pytest.raises(ArcosError, match="not described well"):
            described(tmp_path, reference)
    assert described(tmp_path, "docker.io/x/tool:v1.0.0-slim").version == "1.0.0"


def test_an_image_that_nobody_asked_for_is_a_sentence_and_the_way_out(tmp_path: Path, progress: Progress) -> None:
    with pytest.raises(ArcosError) as caught:
        obtain(described(tmp_path, "registry.invalid/tool:1.0.0"), release(None), progress)
    assert "images.tool.digest" in caught.value.where
    assert "apps.some.tool" in caught.value.where, "the field that asks for it"
    assert caught.value.fix.startswith("./arcosctl images lock tool")
    assert caught.value.exit_code == USAGE, "nothing was changed"


def test_verification_does_not_pass_what_nobody_asked_for(tmp_path: Path, progress: Progress) -> None:
    verdict = verify(described(tmp_path, "registry.invalid/tool:1.0.0"), release(None), progress)
    assert "no digest for it yet" in verdict.problems[0]


# --- With a registry -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, found = tmp_path_factory.mktemp("programs"), {}
    for name in ("registry", "registry-gate"):
        unpack(Layout(build(find(name), Progress(quiet=True)).layout), folder / name)
        found[name] = folder / name / name
    return found


@pytest.fixture
def registry(
    programs: dict[str, Path], tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A registry over https, whose authority this machine trusts."""
    (tmp_path / "registry").mkdir()
    with served(programs["registry"], tmp_path / "registry") as here:
        monkeypatch.setenv("SSL_CERT_FILE", str(here.authority))
        yield here


def publish(registry: Served, word: bytes = b"") -> str:
    """Somebody's image for two kinds of machine; the digest of ours."""
    built = Layout(build(find("pause"), Progress(quiet=True)).layout)
    base = built.blob(built.manifest()["layers"][0]["digest"]).read_bytes()
    top = layer({"etc/.wh.group": b"", "etc/made-by": b"others" + word})
    ours = image([base, top], "amd64", Entrypoint=["/pause"], User="472")
    others = image([layer({"pause": b"of another machine"})], "arm64", Entrypoint=["/pause"], User="472")
    return registry.put("others/tool", "1.0.0", {"arm64": others, "amd64": ours})["amd64"]


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "2026.11.yaml").write_text(RELEASE)
    return tmp_path / "releases"


@pytest.mark.api
def test_the_registry_names_the_digest_and_only_that_line_changes(
    registry: Served, releases: Path, tmp_path: Path, progress: Progress
) -> None:
    digest = publish(registry)
    lock([described(tmp_path, f"{registry.host}/others/tool:1.0.0")], "2026.11", progress, releases)
    after = (releases / "2026.11.yaml").read_text()
    assert after == f"{digest}".join(RELEASE.rsplit("null", 1)), "the image for linux/amd64, of those behind the tag"


@pytest.mark.api
@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("registry.invalid/others/tool:1.0.0", "no such host"),
        ("127.0.0.1:9/others/tool:1.0.0", "refused"),
        ("{host}/others/tool:1.0.0-none", "MANIFEST_UNKNOWN"),
    ],
    ids=["no network", "nobody there", "no such tag"],
)
def test_where_nobody_answers_nothing_is_written(
    reference: str, says: str, registry: Served, releases: Path, tmp_path: Path, progress: Progress
) -> None:
    publish(registry)
    asked = [find("pause"), described(tmp_path, reference.format(host=registry.host))]
    with pytest.raises(ArcosError) as caught:
        lock(asked, "2026.11", progress, releases)
    assert says in caught.value.why
    assert (releases / "2026.11.yaml").read_text() == RELEASE, "neither it nor the one that could be built"


@pytest.mark.api
def test_a_registry_that_cannot_prove_who_it_is_is_not_believed(
    registry: Served, tmp_path: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(registry)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ArcosError) as caught:
        ask(described(tmp_path, f"{registry.host}/others/tool:1.0.0"), progress)
    assert "crane digest failed" in caught.value.what


@pytest.mark.api
def test_a_tag_that_leads_elsewhere_than_before_is_refused_until_somebody_means_it(
    registry: Served, releases: Path, tmp_path: Path, progress: Progress
) -> None:
    tool = described(tmp_path, f"{registry.host}/others/tool:1.0.0")
    publish(registry)
    lock([tool], "2026.11", progress, releases)
    locked = (releases / "2026.11.yaml").read_text()
    moved = publish(registry, b", later")
    with pytest.raises(ArcosError, match="is another image than it was"):
        lock([tool], "2026.11", progress, releases)
    assert (releases / "2026.11.yaml").read_text() == locked
    (releases / "2026.11.yaml").write_text(RELEASE)
    assert lock([tool], "2026.11", progress, releases)["tool"].digest == moved


@pytest.mark.api
def test_it_is_copied_once_bit_for_bit_and_runs(registry: Served, tmp_path: Path, progress: Progress) -> None:
    digest = publish(registry)
    tool = described(tmp_path, f"{registry.host}/others/tool:1.0.0")
    copy = obtain(tool, release(digest), progress)
    assert (Layout(copy.layout).manifest_blob().digest, Layout(copy.layout).damaged()) == (digest, ())
    (tmp_path / "root").mkdir()
    unpack_others(Layout(copy.layout), tmp_path / "root")
    assert sorted(file.name for file in (tmp_path / "root" / "etc").iterdir()) == ["made-by", "passwd"]
    assert verify(tool, release(digest), progress).problems == ()
    gone = described(tmp_path, "registry.invalid/others/tool:1.0.0")
    assert obtain(gone, release(digest), progress) == copy, "from the cache, whoever is there"


@pytest.mark.api
def test_verification_says_when_the_tag_leads_elsewhere(registry: Served, tmp_path: Path, progress: Progress) -> None:
    tool = described(tmp_path, f"{registry.host}/others/tool:1.0.0")
    digest = publish(registry)
    publish(registry, b", later")
    [problem] = verify(tool, release(digest), progress).problems
    assert f"release {release_names()[-1]} has {digest}" in problem
    assert "tool:1.0.0 is now sha256:" in problem


@pytest.mark.api
def test_a_node_gets_it_under_the_name_of_the_sites_registry(
    registry: Served, tmp_path: Path, progress: Progress
) -> None:
    digest = publish(registry)
    tool = described(tmp_path, f"{registry.host}/others/tool:1.0.0")
    with tarfile.open(archive_for(tool, f"arcos.localhost/tool:1.0.0@{digest}", progress)) as tar:
        [entry] = json.load(tar.extractfile("index.json"))["manifests"]  # type: ignore[arg-type]
    assert entry["digest"] == digest
    assert entry["annotations"]["io.containerd.image.name"] == f"arcos.localhost/tool@{digest}"


@pytest.mark.api
def test_a_site_pulls_it_from_its_own_registry_with_the_same_digest(
    registry: Served, tmp_path: Path, progress: Progress
) -> None:
    digest = publish(registry)
    tool = described(tmp_path, f"{registry.host}/others/tool:1.0.0")
    pushed = push(tool, f"{registry.host}/arcos", release(digest), progress)
    assert pushed.reference == f"{registry.host}/arcos/tool:1.0.0@{digest}"
    assert pushed.sbom == "", "what is in it, its makers know"
    assert ask(described(tmp_path, f"{registry.host}/arcos/tool:1.0.0"), progress) == digest


@pytest.mark.api
def test_a_registry_that_wants_a_token_of_everybody_gives_strangers_one(
    programs: dict[str, Path], tmp_path: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(programs, tmp_path) as gated:
        built, program = build(find("pause"), progress), crane(progress)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "login"))
        run(program, "auth", "login", gated.host, "--username=builder", f"--password={SECRETS['builder']}", about="")
        for name in ("public/tool:1.0.0", "lab/tool:1.0.0"):
            run(program, "push", str(built.layout), f"{gated.host}/{name}", about=name)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "stranger"))
        assert gated.ask("GET", "/v2/public/tool/manifests/1.0.0")[0] == 401, "it asks for a token"
        tool = described(tmp_path, f"{gated.host}/public/tool:1.0.0")
        assert ask(tool, progress) == built.digest
        with pytest.raises(ArcosError) as caught:
            ask(described(tmp_path, f"{gated.host}/lab/tool:1.0.0"), progress)
        assert "auth login" in caught.value.fix, "what strangers may not see needs a login"
