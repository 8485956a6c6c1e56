"""What every end-to-end test needs: a stack of its own, driven through the binary as a person would.

The state and run folders are of the tests; the store of images is the machine's, so that nothing is
fetched twice. A stack that an earlier, killed run left behind is destroyed before it is made anew.
"""
import contextlib
import functools
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
STATE_ROOT = pathlib.Path("/var/tmp/allod-e2e")
RUN_ROOT = pathlib.Path("/run/allod-e2e")

CAPABILITIES = """\
relational-database: {provider: postgresql, parameters: {storage: 512Mi}}
secrets: {provider: openbao, parameters: {storage: 512Mi}}
identity: {provider: keycloak}
api-gateway: {provider: traefik}
object-storage: {provider: seaweedfs, parameters: {storage: 1Gi, metadataStorage: 256Mi}}
monitoring: {provider: prometheus, parameters: {storage: 512Mi, retentionSize: 256MB}}
"""


@functools.lru_cache(maxsize=None)
def binary():
    """The program under test: ALLOD_BINARY, or the one that was built last."""
    named = os.environ.get("ALLOD_BINARY")
    if named:
        return str(pathlib.Path(named).resolve())
    built = glob.glob(str(SOURCE / "build/*/src/cli/allod"))
    if not built:
        raise unittest.SkipTest("there is no allod; build it or name it in ALLOD_BINARY")
    return max(built, key=os.path.getmtime)


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("a platform can be made by root only")


def wait_for(what, condition, seconds=30, every=0.1):
    """The first true value of condition(); fails with `what` and the last value or exception."""
    end = time.monotonic() + seconds
    while True:
        try:
            last = condition()
            if last:
                return last
        except Exception as fault:  # the thing may not be there yet
            last = repr(fault)
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}; last seen: {last}")
        time.sleep(every)


def run(*command, check=True, timeout=60, **more):
    """A command of the machine; on failure the exception holds what it said."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout, errors="replace", **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


class Stack:
    """One stack: its declaration, and allod called for it.

    `yaml_extra` is YAML that goes below `spec:` beside what is there by default (for instance
    `components:`); `capabilities` replaces the six capabilities. `declare` writes the declaration anew,
    for the next `up`.
    """

    def __init__(self, name, port=18443, yaml_extra="", *, capabilities=CAPABILITIES, state_root=STATE_ROOT,
                 run_root=RUN_ROOT):
        if len(name) > 15:
            raise ValueError(f"{name} is too long")
        self.name, self.port = name, port
        self.domain = f"{name}.localhost"
        self.state_root, self.run_root = pathlib.Path(state_root), pathlib.Path(run_root)
        self.state, self.memory = self.state_root / name, self.run_root / name
        self.folder = pathlib.Path(f"/var/tmp/allod-e2e-files/{name}")
        self.file = self.folder / "stack.yaml"
        self.declare(yaml_extra, capabilities=capabilities)

    def declare(self, yaml_extra="", *, capabilities=CAPABILITIES, port=None):
        self.port = port or self.port
        text = (f"apiVersion: allod/v1alpha1\nkind: Stack\nmetadata: {{name: {self.name}}}\nspec:\n"
                f"  listen: {{address: 127.0.0.1, port: {self.port}}}\n")
        if capabilities:
            text += "  capabilities:\n" + textwrap.indent(textwrap.dedent(capabilities), "    ")
        if yaml_extra:
            text += textwrap.indent(textwrap.dedent(yaml_extra), "  ")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(text)

    # The binary.

    @property
    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.folder), "LANG": "C.UTF-8",
                "ALLOD_STATE_ROOT": str(self.state_root), "ALLOD_RUN_ROOT": str(self.run_root)}

    def popen(self, *arguments, **more):
        """The binary, started: for what shall be interrupted or run beside something else."""
        return subprocess.Popen([binary(), "--file", str(self.file), *map(str, arguments)], env=self.environment,
                                cwd=self.folder, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def allod(self, *arguments, input=None, timeout=300, check=False):
        """The binary with this stack's file and folders. check: fail with its output."""
        given = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        done = subprocess.run([binary(), "--file", str(self.file), *map(str, arguments)], env=self.environment,
                              cwd=self.folder, capture_output=True, text=True, errors="replace", timeout=timeout,
                              **given)
        if check and done.returncode != 0:
            raise AssertionError(f"allod {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, codes=(0,), **more):
        """What the binary says with --output json."""
        done = self.allod("--output", "json", *arguments, **more)
        if done.returncode not in codes:
            raise AssertionError(f"allod {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                                 f"{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def up(self, *arguments, timeout=600):
        return self.allod("up", *arguments, timeout=timeout, check=True)

    def down(self):
        return self.allod("down", check=True)

    def destroy(self):
        """Removes the stack, if there is one, and the declaration's folder."""
        if self.state.exists():
            self.allod("destroy", "--stack", self.name, "--confirm", self.name, check=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self, *arguments, timeout=600):
        """Up from nothing, whatever an earlier run left."""
        declaration = self.file.read_text()
        self.destroy()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(declaration)
        return self.up(*arguments, timeout=timeout)

    def exec(self, component, *command, check=False, input=None, timeout=60):
        return self.allod("exec", component, "--", *command, check=check, input=input, timeout=timeout)

    def program(self, script, component="app", check=True, **more):
        """A shell script as in shell(), in a workload that has taken its bindings (BOUND)."""
        return self.shell(component, BOUND + script, check, **more)

    def shell(self, component, script, check=True, **more):
        """A shell script in a component: its standard output without the last newline, or with
        check=False all of it."""
        done = self.exec(component, "sh", "-ec", script, check=check, **more)
        return done.stdout.rstrip("\n") if check else done

    def status(self):
        return self.json("status", codes=(0, 5))

    def unit(self, name):
        """The status of COMPONENT.UNIT."""
        component, unit = name.split(".", 1)
        return self.status()["components"][component]["units"][unit]

    def wait_ready(self, seconds=120):
        wait_for("all units to be ready", lambda: self.allod("status").returncode == 0, seconds, 0.5)

    def graph(self):
        return self.json("plan", "--graph")

    def secrets(self):
        return self.json("secret", "list")["secrets"]

    def secret(self, name):
        return self.allod("secret", "show", name, check=True).stdout.rstrip("\n")

    def pages(self):
        return {page["name"]: page["url"] for page in self.json("open")["pages"]}

    def events(self):
        done = self.allod("--output", "json", "events", check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    # The machine's view of it.

    @property
    def root_certificate(self):
        """Every root that is trusted: two while one takes the other's place."""
        return self.state / "authority" / "bundle.pem"

    def identity(self, unit):
        """The folder with a unit's certificate and key, as the unit sees it in /run/identity."""
        return self.memory / "identity" / unit

    def namespace(self, component=None):
        """The name of a component's network namespace, or of the router's."""
        return f"allod-{self.name}-{component}" if component else f"allod-{self.name}"

    def url(self, page, path="/"):
        return f"https://{page}.{self.domain}:{self.port}{path}"

    def curl(self, page, path="/", *arguments, check=True):
        """curl at a page, as any program of the machine would, trusting the platform's root."""
        return run("curl", "-sS", "--cacert", self.root_certificate, "--max-time", "20", "--resolve",
                   f"{page}.{self.domain}:{self.port}:127.0.0.1", *arguments, self.url(page, path), check=check)

    def diagnose(self):
        """What helps when a bring-up failed."""
        text = self.allod("status").stdout
        for log in sorted((self.state / "logs").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            text += f"\n--- {log.name}\n" + "\n".join(lines[-15:])
        return text


WORKLOADS = """\
components:
  app:
    provider: workload
    needs:
      database: {capability: relational-database}
      vault: {capability: secrets, options: {kv: true, transit: true}}
      files: {capability: object-storage}
  other:
    provider: workload
    needs:
      database: {capability: relational-database}
      vault: {capability: secrets, options: {kv: true, transit: true}}
      files: {capability: object-storage}
"""

# One workload that has something of everybody.
APP = """\
components:
  app:
    provider: workload
    needs:
      database: {capability: relational-database}
      vault: {capability: secrets, options: {kv: true}}
      files: {capability: object-storage}
"""

# What a program in a workload does first: it takes its bindings and its certificate.
BOUND = """\
b() { cat "/bindings/$1/$2"; }
export PGHOST=$(b database host) PGPORT=$(b database port) PGDATABASE=$(b database database)
export PGUSER=$(b database username) PGSSLMODE=verify-full PGSSLROOTCERT=/run/identity/bundle.pem
export PGSSLCERT=/run/identity/certificate.pem PGSSLKEY=/run/identity/key.pem PGCONNECT_TIMEOUT=10
export BAO_ADDR=$(b vault url) BAO_CACERT=/run/identity/bundle.pem
export BAO_CLIENT_CERT=/run/identity/certificate.pem BAO_CLIENT_KEY=/run/identity/key.pem
if [ -s /bindings/files/url ]; then
  export RCLONE_CONFIG_S3_TYPE=s3 RCLONE_CONFIG_S3_PROVIDER=SeaweedFS RCLONE_CONFIG_S3_ENDPOINT=$(b files url)
  export RCLONE_CONFIG_S3_ACCESS_KEY_ID=$(b files accessKey) RCLONE_CONFIG_S3_SECRET_ACCESS_KEY=$(b files secretKey)
  export RCLONE_CA_CERT=/run/identity/bundle.pem RCLONE_CLIENT_CERT=/run/identity/certificate.pem
  export RCLONE_CLIENT_KEY=/run/identity/key.pem RCLONE_CONFIG=/dev/null BUCKET=s3:$(b files bucket)
fi
"""


def bring_up(stack):
    """For setUpModule: a fresh stack that goes at the end of the module, whatever happens."""
    need_root()
    keep = bool(os.environ.get("ALLOD_E2E_KEEP"))  # while a test is written
    if not keep:
        unittest.addModuleCleanup(stack.destroy)
    started = time.monotonic()
    try:
        stack.up() if keep else stack.fresh()
    except AssertionError:
        with contextlib.suppress(Exception):
            sys.stderr.write(stack.diagnose() + "\n")
        raise
    sys.stderr.write(f"{stack.name}: up in {time.monotonic() - started:.1f} s\n")
    return stack


@contextlib.contextmanager
def process(*command, **more):
    """A process of the test's own, ended at the end."""
    child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, **more)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
