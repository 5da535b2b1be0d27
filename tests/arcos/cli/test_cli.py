"""The command line as a user and a script meet it: help, exit codes, and errors without tracebacks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arcos.cli.main import app
from arcos.paths import ROOT

VERBS = [
    [command.name or command.callback.__name__]  # type: ignore[union-attr]
    for command in app.registered_commands
] + [["images"], ["secrets"]]


def arcosctl(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command as its own process, through the same entry as the bootstrap script."""
    return subprocess.run(
        [sys.executable, "-m", "arcos", *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_explains_itself_with_an_example(verb: list[str]) -> None:
    result = CliRunner().invoke(app, [*verb, "--help"])

    assert result.exit_code == 0, result.output
    if verb not in (["images"], ["secrets"], ["kubectl"]):
        assert "Example: ./arcosctl" in result.output, f"{verb} needs an example in its help"


def test_help_is_quick_enough_to_be_asked_for() -> None:
    loaded = arcosctl_modules("--help")

    assert "pulumi" not in loaded, "help must not import the engine's SDK"
    assert "pydantic" not in loaded, "nor the site model"


def arcosctl_modules(*arguments: str) -> set[str]:
    """The top-level modules that a command imports."""
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom arcos.cli.main import app\n"
        f"CliRunner().invoke(app, {list(arguments)!r})\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_check_needs_no_pulumi() -> None:
    assert "pulumi" not in arcosctl_modules("check"), "checking site files must stay fast"


def test_a_mistake_in_a_site_file_is_exit_code_2_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.typo.yaml").write_text(
        (ROOT / "stacks" / "Pulumi.local.yaml").read_text(encoding="utf-8").replace("    title:", "    tilte:"),
        encoding="utf-8",
    )

    done = arcosctl("check", "typo", ARCOS_STACKS=str(tmp_path))

    assert done.returncode == 2, done.stderr
    printed = done.stdout + done.stderr
    assert "Pulumi.typo.yaml:5:5" in printed, "file, line and column"
    assert "title" in printed, "the nearest right spelling"
    assert "Traceback" not in printed


def test_sites_lists_the_good_ones_beside_one_with_a_mistake(tmp_path: Path) -> None:
    good = (ROOT / "stacks" / "Pulumi.local.yaml").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.good.yaml").write_text(good, encoding="utf-8")
    (tmp_path / "Pulumi.typo.yaml").write_text(good.replace("    title:", "    tilte:"), encoding="utf-8")

    done = arcosctl("sites", "--json", ARCOS_STACKS=str(tmp_path))

    assert [site["name"] for site in json.loads(done.stdout)] == ["good"]
    assert "Pulumi.typo.yaml:5:5" in done.stderr, "and the other is not passed over in silence"
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["render", "nowhere"], "nowhere"),
        (["render", "locl"], "local"),
        (["diff", "nectar-qld"], "openstack-magnum"),
        (["up", "no-such-site"], "no-such-site"),
        (["up", "aws-sydney", "--simulate"], "--simulate is for sites of kind local"),
        (["up", "hpc-perth", "--cluster-only"], "--cluster-only is for sites of kind local"),
        (["test", "no-such-tier"], "static"),
        (["logs", "local", "nobody"], "welcome"),
        (["images", "show", "no-such-image"], "welcome"),
        (["render"], "--out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_users_mistake_is_a_sentence_and_the_way_out(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = arcosctl(*arguments, ARCOS_HOME=str(tmp_path))

    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert words in done.stderr, f"the error must name {words}: {done.stderr}"
    assert "Traceback" not in done.stderr


def test_doctor_speaks_json_for_scripts(tmp_path: Path) -> None:
    done = arcosctl("doctor", "--json", ARCOS_HOME=str(tmp_path))

    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert checks["site"]["level"] == "ok"
    assert all(check["fix"] for check in checks.values() if check["level"] == "fail"), "a failure names its remedy"


def test_results_go_to_stdout_and_nothing_else_does(tmp_path: Path) -> None:
    done = arcosctl("sites", "--json", ARCOS_HOME=str(tmp_path))

    assert {"local", "hpc-perth"} <= {site["name"] for site in json.loads(done.stdout)}
    assert done.stderr == ""


def test_a_machine_that_cannot_write_is_one_sentence_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Path("/dev/full").open("w") as full:
        ends = [
            subprocess.run(
                [sys.executable, "-m", "arcos", *arguments], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True,
                check=False,
            )
            for arguments in (["render", "local", "--out", str(tmp_path / "file")], ["sites", "--json"])
        ]  # fmt: skip
    assert [one.returncode for one in ends] == [1, 1]
    assert [one.stderr.splitlines()[0] for one in ends] == [
        f"error: {tmp_path}/file/local cannot be used: Not a directory",
        "error: No space left on device",
    ]
    assert "Traceback" not in ends[0].stderr + ends[1].stderr


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_says_that_nothing_is_lost() -> None:
    """A cluster that never answers keeps the command waiting; Ctrl-C reaches its whole process group."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = f"https://127.0.0.1:{silent.getsockname()[1]}"
        text = json.dumps({
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "hpc-perth", "context": {"cluster": "c", "user": "u"}}],
        })  # fmt: skip
        command = subprocess.Popen(
            [sys.executable, "-m", "arcos", "diff", "hpc-perth"], cwd=ROOT, start_new_session=True, text=True,
            env={**os.environ, "ARCOS_KUBECONFIG_HPC_PERTH": text}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        silent.settimeout(60)
        with silent.accept()[0]:
            os.killpg(command.pid, signal.SIGINT)
            _, said = command.communicate(timeout=60)
    assert (command.returncode, said) == (130, "interrupted; the same command goes on from here\n")


@pytest.mark.parametrize("command", [("check",), ("sites", "--json"), ("render", "--out", "rendered")])
def test_a_folder_that_is_not_there_is_not_one_without_mistakes(command: tuple[str, ...], tmp_path: Path) -> None:
    """CI with a wrong ARCOS_STACKS would be green for ever."""
    done = arcosctl(*command, ARCOS_STACKS=str(tmp_path / "stack"))
    assert done.returncode == 2
    assert "cannot be read: No such file or directory" in done.stdout + done.stderr


def test_a_narrow_terminal_cuts_no_domain() -> None:
    shown = arcosctl("sites", COLUMNS="60").stdout
    assert "…" not in shown
