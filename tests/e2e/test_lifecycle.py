"""What a change of the declaration does to what runs, and what the ends of certificates do: nothing that
was not said before."""
import contextlib
import json
import re
import resource
import subprocess
import sys
import threading
import time
import unittest

from harness import BOUND, CAPABILITIES, Stack, binary, bring_up, wait_for

WORKLOAD = "  {name}: {{provider: workload, needs: {{{needs}}}}}\n"
DATABASE, VAULT = "database: {capability: relational-database}", "vault: {capability: secrets, options: {kv: true}}"
APP = {"app": f"{DATABASE}, {VAULT}"}
STACK = Stack("e2e-l", 19443, "", state_root="/var/tmp/allod-e2e-l", run_root="/run/allod-e2e-l")


def declare(workloads=APP, lifetime="1h", postgresql="", keycloak=""):
    """The declaration that the tests start from, with one thing or another in it."""
    capabilities = CAPABILITIES.replace("{storage: 512Mi}}\nsecrets", f"{{storage: 512Mi{postgresql}}}}}\nsecrets")
    capabilities = capabilities.replace("{provider: keycloak}", f"{{provider: keycloak, parameters: {{{keycloak}}}}}")
    extra = f"trust: {{certificateLifetime: {lifetime}}}\ncomponents:\n"
    STACK.declare(extra + "".join(WORKLOAD.format(name=name, needs=needs) for name, needs in workloads.items()),
                  capabilities=capabilities)


def setUpModule():
    declare()
    bring_up(STACK)


def pids():
    return {f"{component}.{unit}": facts.get("pid") for component, entry in STACK.status()["components"].items()
            for unit, facts in entry["units"].items()}


def replaced(before):
    """Units that run as other processes than before."""
    after = pids()
    return {name for name in before if after.get(name) != before[name]}


def events(since=0):
    done = STACK.allod("--output", "json", "events", "--limit", 1000, check=True)
    return [event for event in map(json.loads, done.stdout.splitlines()) if event["id"] > since]


def last_event():
    return events()[-1]["id"]


def planned():
    """What plan says: units by what happens to them, and its text."""
    changes = STACK.json("plan")["changes"]
    units = {change["id"].partition("/")[2]: change["action"] for change in changes if change["kind"] == "unit"}
    return units, STACK.allod("plan", "--all", check=True).stdout


class Changes(unittest.TestCase):
    def setUp(self):
        declare()
        STACK.up()
        STACK.wait_ready()

    def assert_replaced(self, before, names):
        """Exactly these units run as other processes."""
        self.assertEqual(replaced(before), set(names))

    def line_of(self, text):
        return next(number for number, line in enumerate(STACK.file.read_text().splitlines(), 1) if text in line)

    def test_up_again_does_nothing(self):
        before, since = pids(), last_event()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        done = STACK.up()
        seconds = time.monotonic() - started
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        computed = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        self.assertRegex(done.stdout + done.stderr, r"(?i)nothing to do")
        self.assert_replaced(before, [])
        self.assertEqual([event for event in events(since) if event["resource"]], [], "something was done")
        self.assertEqual(STACK.allod("plan", "--exit-code").returncode, 0)
        # Of the processor, not of the clock: the machine may be busy with other things.
        self.assertLess(computed, 1, "finding out that there is nothing to do takes long")
        sys.stderr.write(f"    up without anything to do: {seconds:.2f} s, {computed:.2f} s of the processor\n")

    def test_the_agent_ends_and_is_started_again(self):
        before, agent = pids(), STACK.status()["pid"]
        STACK.allod("agent", "stop", check=True)
        self.assertEqual(STACK.allod("status").returncode, 5)
        STACK.up()
        self.assertNotEqual(STACK.status()["pid"], agent)
        STACK.wait_ready()
        self.assert_replaced(before, [])

    def test_two_at_once_both_end_well(self):
        declare(postgresql=", maxConnections: 90")
        before = pids()
        both = [STACK.popen("up") for _ in range(2)]
        texts = ["".join(one.communicate(timeout=300)) for one in both]
        self.assertEqual([one.returncode for one in both], [0, 0], "\n".join(texts))
        self.assertEqual(STACK.allod("plan", "--exit-code").returncode, 0)
        self.assert_replaced(before, ["postgresql.server"])
        self.assertEqual(self.setting("max_connections"), "90")

    def test_one_parameter_restarts_its_unit_alone(self):
        declare(postgresql=", maxConnections: 80")
        units, text = planned()
        self.assertEqual({unit for unit, action in units.items() if action == "restart"}, {"postgresql.server"}, text)
        self.assertRegex(text, r"max_connections: 100 → 80 .*maxConnections, .*stack\.yaml:"
                         + str(self.line_of("maxConnections")) + r"\b")
        self.assertIn("Restarts: postgresql.server", text)
        self.assertEqual(STACK.allod("plan", "--exit-code").returncode, 10)
        before = pids()
        STACK.up()
        self.assert_replaced(before, ["postgresql.server"])
        self.assertEqual(self.setting("max_connections"), "80")

    def setting(self, name):
        return STACK.program(f"psql -XAtc 'SHOW {name}'")

    def test_a_workload_with_a_database_restarts_nothing(self):
        declare({**APP, "guest": DATABASE})
        units, text = planned()
        self.assertEqual(units, {"postgresql.server": "reload", "guest.shell": "create"}, text)
        self.assertIn("Nothing that runs is restarted", text)
        before = pids()
        STACK.up()
        self.assert_replaced(before, [])
        self.assertEqual(STACK.program("psql -XAtc 'SELECT current_user'", "guest"), "guest")
        declare()
        STACK.up()
        self.assert_replaced(before, [])
        self.assertNotEqual(STACK.exec("guest", "true").returncode, 0, "it is gone and can still be entered")

    def test_a_workload_with_secrets_restarts_what_reads_its_clients_at_the_start(self):
        declare({**APP, "keeper": VAULT})
        text = planned()[1]
        self.assertRegex(text, r"(?m)^Restarts: openbao\.server$")
        before = pids()
        STACK.up()
        self.assert_replaced(before, ["openbao.server"])
        said = STACK.program("bao login -no-print -method=cert name=$(b vault role)\n"
                             "bao kv put -mount=$(b vault kvMount) here v=1 >/dev/null && echo kept", "keeper")
        self.assertEqual(said, "kept")

    def test_a_consumer_that_leaves_loses_what_it_was_granted(self):
        guest = {**APP, "guest": f"{DATABASE}, {VAULT}"}
        may_sign_in = "psql -XAtc \"SELECT rolcanlogin FROM pg_roles WHERE rolname = 'guest'\""
        declare(guest)
        STACK.up()
        STACK.program("psql -XAtqc 'CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n'", "guest")
        self.assertEqual(STACK.program(may_sign_in), "t")
        since = last_event()
        declare()
        STACK.up()
        self.assertEqual(STACK.program(may_sign_in), "f")
        removed = {event["resource"] for event in events(since) if event["what"] == "removed"}
        self.assertLessEqual({"step/postgresql.database.guest.database", "step/openbao.vault.guest.access"}, removed)
        self.assertEqual(STACK.allod("plan", "--exit-code").returncode, 0)
        declare(guest)
        STACK.up()
        self.assertEqual(STACK.program("psql -XAtc 'SELECT n FROM kept'", "guest"), "7", "its data was not kept")

    def test_what_was_undone_by_hand_is_made_again_when_asked(self):
        as_postgres = ("exec", "postgresql", "--", "/usr/lib/postgresql/15/bin/psql", "-qh", "/run/shared", "-U", "postgres", "-c")
        STACK.allod(*as_postgres, "ALTER ROLE app NOLOGIN", check=True)
        self.assertNotEqual(STACK.program("psql -XAtc 'SELECT 1'", check=False).returncode, 0)
        before = pids()
        STACK.up("--again", "postgresql")
        self.assertEqual(STACK.program("psql -XAtc 'SELECT 1'"), "1")
        self.assert_replaced(before, [])
        done = STACK.allod("up", "--again", "postgres")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("did you mean postgresql?", done.stdout + done.stderr)

    def failing(self, component, **parameters):
        """A change that cannot work: the answer of up."""
        before = pids()
        declare(**parameters)
        done = STACK.allod("up")
        text = done.stdout + done.stderr
        self.assertIn(done.returncode, (1, 8), text)
        self.assertRegex(text, rf"error: {component}(\.server)? (ended while it was starting|did not become ready in)")
        self.assertRegex(text, r"(?m)^ *last log +\S")
        self.assertRegex(text, rf"(?m)^ *see +allod logs {component}(\.server)? · allod explain {component}")
        self.assertRegex(text, r"the one before was put back and is ready")
        self.assert_replaced(before, [f"{component}.server"])
        STACK.wait_ready()
        return text

    def test_a_change_that_fails_leaves_what_ran(self):
        self.failing("postgresql", postgresql=", sharedBuffers: 9000GB")
        self.assertEqual(STACK.program("psql -XAtc 'SHOW shared_buffers'"), "32MB")
        self.assertEqual(STACK.allod("plan", "--exit-code").returncode, 10, "the failed change counts as done")
        declare(postgresql=", sharedBuffers: 40MB")
        STACK.up()
        self.assertEqual(STACK.program("psql -XAtc 'SHOW shared_buffers'"), "40MB")

    def test_a_change_that_fails_in_java_leaves_what_ran(self):
        self.failing("keycloak", keycloak="heap: 1m")
        declare()
        before = pids()
        STACK.up()
        self.assert_replaced(before, [])


# Each line is one try from a program's view: ok, or what was wrong.
SESSION = """\
( while :; do echo 'SELECT pg_backend_pid();'; sleep 2; done ) | psql -XAtq
"""
SHORT = """\
while :; do
  said=$(psql -XAtc 'SELECT 1' 2>&1) && [ "$said" = 1 ] && echo ok || echo "psql: $said"
  said=$(printf 'GET /v1/sys/health HTTP/1.1\\r\\nHost: openbao\\r\\nConnection: close\\r\\n\\r\\n' |
    openssl s_client -quiet -connect openbao:8200 -servername openbao -verify_hostname openbao -verify_return_error \\
      -CAfile $BAO_CACERT -cert $BAO_CLIENT_CERT -key $BAO_CLIENT_KEY 2>&1)
  case $said in *"HTTP/1.1 200"*) echo ok;; *) echo "openbao: $said" | tr '\\n' ' '; echo;; esac
  sleep 0.3
done
"""


class Load:
    """Programs that go on trying; what they say is collected line by line."""

    def __init__(self):
        self.lines = {"session": [], "short": [], "pages": []}
        self.stop = threading.Event()

    @contextlib.contextmanager
    def running(self):
        processes = [self.inside(name, script) for name, script in (("session", SESSION), ("short", SHORT))]
        pages = threading.Thread(target=self.look_at_pages, daemon=True)
        pages.start()
        try:
            yield self
        finally:
            self.stop.set()
            pages.join(60)
            for process in processes:
                process.terminate()
                process.wait(30)

    def inside(self, name, script):
        process = subprocess.Popen([binary(), "--file", str(STACK.file), "exec", "app", "--", "sh", "-c", BOUND + script],
                                   env=STACK.environment, cwd=STACK.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def collect():
            with process.stdout:
                for line in process.stdout:
                    self.lines[name].append(line.strip())
        threading.Thread(target=collect, daemon=True).start()
        return process

    def look_at_pages(self):
        """The gateway's own certificate, and behind it those of the gateway towards the systems and of these."""
        while not self.stop.wait(0.3):
            for page, path in (("id", f"/realms/{STACK.name}"), ("secrets", "/v1/sys/health")):
                done = STACK.curl(page, path, "-o", "/dev/null", "-w", "%{http_code}", check=False)
                self.lines["pages"].append("ok" if done.stdout == "200" else
                                           f"{time.strftime('%T', time.gmtime())} {page}: {done.stdout} {done.stderr}")


def gateway_errors():
    """What the logs say of answers that the gateway could not give, and of what happened meanwhile."""
    lines = [line[:1200] for log in sorted((STACK.state / "logs").glob("*.log"))
             for line in log.read_text(errors="replace").splitlines()
             if re.search(r'"DownstreamStatus":5|"level":"(error|WARN|ERROR)"', line)]
    return "\n" + "\n".join(lines[-12:] + [f"{event['time']} {event['resource']} {event['what']}" for event in events()[-60:]])


class Certificates(unittest.TestCase):
    LIFETIME, RENEWALS = "2m", 3

    def renewals(self, since):
        """Identity → how often it was renewed."""
        counts = dict.fromkeys(pids(), 0)
        for event in events(since):
            if event["what"] == "certificate at half its life" and event["action"] == "renewed":
                name = event["resource"].partition("/")[2]
                counts[name] = counts.get(name, 0) + 1
        return counts

    def assert_all_went_well(self, load):
        """Every short try and page, more than a hundred of each, and the one session that stayed open."""
        for kind in ("short", "pages"):
            tries = load.lines[kind]
            failed = [line for line in tries if line != "ok"]
            self.assertEqual(failed, [], f"of {len(tries)} tries some failed" + (gateway_errors() if failed else ""))
            self.assertGreater(len(tries), 100)
        self.assertEqual(len(set(load.lines["session"])), 1, f"the session broke: {set(load.lines['session'])}")

    def test_nobody_notices_renewals(self):
        declare(lifetime=self.LIFETIME)
        before = pids()
        STACK.up()
        self.assertEqual(pids(), before, "another life of certificates restarts something")
        since = last_event()
        with Load().running() as load:
            wait_for("the load", lambda: all(load.lines.values()), 60)
            wait_for(f"{self.RENEWALS} renewals of everything",
                     lambda: min(self.renewals(since).values()) >= self.RENEWALS, 300, 2)
            counts = self.renewals(since)
        self.assertEqual(pids(), before, "a renewal restarted something")
        self.assert_all_went_well(load)
        self.assertEqual([event for event in events(since) if re.search("does not answer|could not", event["what"] + event["action"])],
                         [])
        sys.stderr.write(f"    {min(counts.values())} renewals and more, {len(load.lines['short'])} connections from "
                         f"inside, {len(load.lines['pages'])} through the gateway, one session: none failed\n")
        declare()
        STACK.up()

    def test_nobody_notices_another_root(self):
        declare(lifetime=self.LIFETIME)
        STACK.up()
        before = pids()
        since = last_event()
        former = STACK.json("trust", "status")["roots"][0]["fingerprint"]
        with Load().running() as load:
            wait_for("the load", lambda: all(load.lines.values()), 60)
            begun = STACK.json("trust", "rotate-root")
            self.assertEqual(begun["rotation"]["phase"], "spreading")
            self.assertEqual(len(begun["roots"]), 2)
            self.assertNotEqual(STACK.allod("trust", "rotate-root").returncode, 0, "a second one at once")
            wait_for("the next root to sign", lambda: STACK.json("trust", "status")["rotation"]["phase"] == "succeeding",
                     150, 2)
            wait_for("one root", lambda: STACK.json("trust", "status")["rotation"] == {"phase": "settled"}, 240, 2)
        status = STACK.json("trust", "status")
        self.assertEqual(len(status["roots"]), 1)
        self.assertNotEqual(status["roots"][0]["fingerprint"], former)
        self.assertEqual(replaced(before), {"traefik.signIn"}, "oauth2-proxy alone reads the roots at its start")
        self.assert_all_went_well(load)
        self.assertEqual([event for event in events(since) if re.search("does not answer|could not|failed", event["what"] + event["action"])],
                         [])
        sys.stderr.write(f"    another root: {len(load.lines['short'])} connections from inside, "
                         f"{len(load.lines['pages'])} through the gateway, one session: none failed\n")
        declare()
        STACK.up()

    def test_generated_secrets_are_renewed_and_go_on_working(self):
        before = {secret["name"]: STACK.secret(secret["name"]) for secret in STACK.secrets()}
        running = pids()
        STACK.allod("trust", "rotate-secrets", check=True)
        after = {name: STACK.secret(name) for name in before}
        kept = [name for name in before if before[name] == after[name]]
        self.assertEqual(kept, ["keycloak.admin"], "the first password alone is of no use later")
        self.assertEqual(replaced(running), {"traefik.signIn", "seaweedfs.server"}, "they read secrets at their start")
        STACK.wait_ready()
        # Keycloak takes the new secret of a client, and the old one no more. A wrong code is told apart from it.
        for texts, said in ((after, "invalid_grant"), (before, "unauthorized_client")):
            done = STACK.curl("id", f"/realms/{STACK.name}/protocol/openid-connect/token", "-d", "grant_type=authorization_code",
                              "-d", "code=none", "-d", "redirect_uri=https://x.invalid", "-u",
                              "traefik:" + texts["keycloak.oidc.traefik.clientSecret"])
            self.assertIn(said, done.stdout)


if __name__ == "__main__":
    unittest.main()
