"""Importing a module does nothing: it writes no file, opens no connection, starts no program, reads no settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from arcos.paths import ROOT

#: Runs in a process of its own: an audit hook cannot be taken away again.
PROBE = '''
import sys, os, importlib, threading

modules = sys.argv[1:]
caught = []
armed = False
WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system",
             "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod",
             "os.chown", "os.link", "os.symlink", "os.truncate", "os.putenv", "os.unsetenv", "shutil.rmtree",
             "tempfile.mkstemp", "tempfile.mkdtemp", "signal.pthread_kill", "urllib.Request")

def ours():
    """Our module whose import does it; "" where a library does something while it is itself imported."""
    frame = sys._getframe(2)
    while frame and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    name = frame.f_globals.get("__name__", "") if frame else ""
    return name if name.split(".")[0] in ("arcos", "apps", "components") else ""

def hook(event, arguments):
    # sys._getframe is an event as well: ask for the module only where it matters.
    if not armed or (event != "open" and event not in FORBIDDEN) or not (module := ours()):
        return
    if event == "open":
        path, mode, flags = arguments
        text = str(path)
        if isinstance(flags, int) and flags & WRITE and not text.startswith("/dev/"):
            caught.append((module, f"writes {text}"))
        elif text.endswith((".yaml", ".yml", ".json", ".toml")):
            caught.append((module, f"reads {text}"))
    else:
        caught.append((module, f"{event} {arguments!r}"))

sys.dont_write_bytecode = True
sys.addaudithook(hook)
before = dict(os.environ)
handlers = threading.active_count()
for module in modules:
    armed = True
    try:
        importlib.import_module(module)
    finally:
        armed = False
    if dict(os.environ) != before:
        caught.append((module, "changes the environment"))
        before = dict(os.environ)
    if threading.active_count() != handlers:
        caught.append((module, "starts a thread"))
        handlers = threading.active_count()
print("\\n".join(f"{module}: {what}" for module, what in caught))
'''


def modules() -> list[str]:
    """Every module that is imported, not run: `__main__` is what runs."""
    found = []
    for package in ("components", "apps", "arcos"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            # What is in a folder `files` is another program's configuration, run by that program.
            if not name.endswith("__main__") and ".files." not in name:
                found.append(name.removesuffix(".__init__"))
    return found


def probe(names: list[str], cwd: Path = ROOT) -> str:
    command = [sys.executable, "-c", PROBE, *names]
    # -c puts the working directory first on the path, as `pulumi` and `arcosctl` do.
    found = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_importing_any_module_does_nothing() -> None:
    assert probe(modules()) == "", "work belongs in functions: an import must be cheap, silent and safe"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("open('x.txt', 'w').close()", "writes x.txt"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))", "socket.connect"),
        ("import os; os.environ['X'] = '1'", "changes the environment"),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(1,), daemon=True).start()",
            "starts a thread",
        ),
        ("open('arcos/settings.yaml').close()", "reads arcos/settings.yaml"),
    ],
)
def test_the_probe_sees_what_it_must(body: str, what: str, tmp_path: Path) -> None:
    package = tmp_path / "arcos"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "settings.yaml").touch()
    (package / "bad.py").write_text(body)
    assert what in probe(["arcos.bad"], tmp_path), "a probe that sees nothing proves nothing"


def test_checking_a_site_needs_no_pulumi() -> None:
    code = "import sys, arcos.site.loader, arcos.site.schema; print([m for m in sys.modules if m.startswith('pulumi')])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]", "`./arcosctl check` is quick because it never imports the SDK"
