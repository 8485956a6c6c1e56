"""What the platform does for people and programs: signing in, databases, secrets, TLS."""
import base64
import json
import queue
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from browser import chromium
from harness import CAPABILITIES, WORKLOADS, Stack, bring_up, process, run
from people import Administrator, one_time_code

STACK = Stack("e2e-a", 18443, WORKLOADS)
ADMIN = None


def setUpModule():
    global ADMIN
    bring_up(STACK)
    ADMIN = Administrator(STACK)


class SigningIn(unittest.TestCase):
    """The order of names is the order of running: the first password can be used up once."""

    def test_1_to_the_dashboard_with_the_first_password(self):
        dashboard = STACK.url("gateway", "/dashboard/")
        with chromium(STACK.root_certificate) as browser:
            browser.open(dashboard)
            browser.wait("the sign-in page", lambda: ADMIN.at_sign_in(browser))
            self.assertNotIn("entrypoints", browser.source.lower(), "the dashboard is shown without signing in")
            ADMIN.give_password(browser, "not " + ADMIN.current)
            browser.wait("the refusal of a wrong password", lambda: browser.find("[id^=input-error]"))
            ADMIN.give_password(browser)
            browser.wait("the request for a new password", lambda: browser.find("#password-new"))
            ADMIN.choose_password(browser, "short")
            browser.wait("the refusal of a short password", lambda: browser.find("[id^=input-error]"))
            ADMIN.choose_password(browser)
            # An empty dashboard would not count: its entry points show their port.
            browser.wait("the dashboard with its entry points",
                         lambda: browser.url.startswith(dashboard) and str(STACK.port) in browser.text)
            session = [cookie for cookie in browser.cookies() if cookie["name"].startswith("__Host-")]
            self.assertTrue(session, f"no session cookie is bound to the host: {browser.cookies()}")
            for cookie in session:
                self.assertTrue(cookie["secure"] and cookie["httpOnly"], f"scripts or plain HTTP get {cookie}")
                self.assertIn(cookie.get("sameSite"), ("Lax", "Strict"))
            self.assertTrue(browser.script(API_STATUS).startswith("200 "), "the dashboard's API refuses the signed-in")
            browser.forget_cookies()
            self.assertFalse(browser.script(API_STATUS).startswith("200 "), "the API answers without the cookie")

    def test_2_without_signing_in_nothing_is_seen(self):
        for path in ("/dashboard/", "/api/rawdata", "/api/version", "/debug/vars"):
            answer = STACK.curl("gateway", path, "-i").stdout
            code = int(answer.split()[1])
            self.assertIn(code, (302, 401, 403), f"{path} answers {code} to a stranger:\n{answer[:500]}")
            self.assertNotRegex(answer, r"(?i)entrypoints|routers|\"version\"", f"{path} says something to a stranger")

    def test_3_a_forged_header_is_no_sign_in(self):
        answer = STACK.curl("gateway", "/dashboard/", "-i", "-H", "X-Auth-Request-User: admin", "-H",
                            "X-Auth-Request-Groups: platform-admin", "-H", "X-Forwarded-For: 127.0.0.1", "-H",
                            "X-Forwarded-Uri: /oauth2/static/", "-H", "Authorization: Bearer x").stdout
        self.assertIn(int(answer.split()[1]), (302, 401, 403), f"a header opens the dashboard:\n{answer[:500]}")

    def test_4_to_the_secrets_page(self):
        with chromium(STACK.root_certificate) as browser:
            browser.open(STACK.url("secrets", "/ui/"))
            browser.wait("OpenBao's page", lambda: "/ui/vault/auth" in browser.url and browser.find("form"))
            self.assertNotRegex(browser.text, r"kv/app|transit/app", "mounts are shown to a stranger")
            first = browser.windows()
            browser.click_text("button", "Sign in with OIDC")
            opened = browser.wait("the sign-in's window", lambda: set(browser.windows()) - set(first)).pop()
            browser.switch(opened)
            ADMIN.sign_in(browser, lambda: opened not in browser.windows())
            browser.switch(first[0])
            browser.wait("the list of secret engines", lambda: "kv/app" in browser.text and "/ui/vault/secrets" in browser.url)

    def test_5_to_bao_on_ones_own_machine(self):
        """`bao login -method=oidc` waits on loopback for the browser to come back with the code."""
        program = next(image["rootfs"] for image in STACK.json("images", "list")["images"]
                       if image["image"] == "workload/toolbox") + "/usr/bin/bao"
        home = tempfile.mkdtemp(prefix="allod-e2e-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        # bao does not know that .localhost is this machine: a hosts file in a mount namespace of its own tells it.
        with open(f"{home}/hosts", "w") as hosts:
            hosts.write(f"127.0.0.1 localhost secrets.{STACK.domain} id.{STACK.domain}\n")
        environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": home, "BAO_ADDR": STACK.url("secrets", ""),
                       "BAO_CACERT": str(STACK.root_certificate)}
        inside = ["unshare", "--mount", "sh", "-c", 'mount --bind "$HOME/hosts" /etc/hosts && exec "$@"', "sh", program]
        with chromium(STACK.root_certificate) as browser:
            with process(*inside, "login", "-method=oidc", "skip_browser=true", "-format=json", env=environment,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as login:
                lines = queue.Queue()
                reader = threading.Thread(target=lambda: [lines.put(line) for line in login.stdout])
                reader.start()
                said = ""
                while not (found := re.search(r"https://\S+/auth\?\S+", said)):
                    try:
                        said += lines.get(timeout=30)
                    except queue.Empty:
                        self.fail(f"bao login shows no address to go to:\n{said}")
                browser.open(found.group())
                ADMIN.sign_in(browser, lambda: browser.url.startswith("http://localhost:8250/"))
                self.assertEqual(login.wait(30), 0, "bao login failed after the browser came back")
                reader.join()
                login.stdout.close()
        # bao keeps its token in the home folder, and the next call uses it.
        listed = json.loads(run(*inside, "policy", "list", "-format=json", env=environment).stdout)
        self.assertIn("administrator", listed, "the administrator may not list policies")

    def test_6_strangers_may_not_register(self):
        answer = STACK.curl("id", f"/realms/{STACK.name}/login-actions/registration", "-o", "/dev/null", "-w",
                            "%{http_code}").stdout
        self.assertNotEqual(answer, "200", "anybody can make an account")


API_STATUS = """var r = new XMLHttpRequest(); r.open('GET', '/api/rawdata', false);
try { r.send(); return r.status + ' ' + r.responseText.slice(0, 40) } catch (e) { return 'refused' }"""


class SecondFactor(unittest.TestCase):
    def test_it_is_asked_for_and_works(self):
        stack = Stack("e2e-2f", 18453, capabilities=re.sub(
            r"secrets: .*\n", "", CAPABILITIES).replace("keycloak}", "keycloak, parameters: {secondFactor: true}}"))
        self.addCleanup(stack.destroy)
        stack.fresh()
        admin = Administrator(stack)
        dashboard = stack.url("gateway", "/dashboard/")
        with chromium(stack.root_certificate) as browser:
            browser.open(dashboard)
            browser.wait("the sign-in page", lambda: admin.at_sign_in(browser))
            admin.give_password(browser)
            seen = set()

            def next_page():
                if browser.find("#totp"):
                    return "second factor"
                return "password" if browser.find("#password-new") else browser.url.startswith(dashboard) and "dashboard"

            while (page := browser.wait("the next page", next_page)) != "dashboard":
                self.assertNotIn(page, seen, f"asked twice for the {page}:\n{browser.text[:400]}")
                seen.add(page)
                if page == "password":
                    admin.choose_password(browser)
                    browser.wait("the page after the password", lambda: not browser.find("#password-new"))
                    continue
                if browser.find("#mode-manual"):
                    browser.click("#mode-manual")
                key = browser.wait("the key in letters", lambda: browser.script(
                    "var e = document.querySelector('#kc-totp-secret-key'); return e && e.innerText"))
                browser.type("#totp", one_time_code(key))
                if browser.find("#userLabel"):
                    browser.type("#userLabel", "test")
                browser.click("#saveTOTPBtn")
                browser.wait("the page after the second factor", lambda: not browser.find("#totp"))
            self.assertIn("second factor", seen, "nobody asked for a second factor")
            # At the next sign-in the password alone does not do.
            browser.forget_cookies()
        with chromium(stack.root_certificate) as browser:
            browser.open(dashboard)
            browser.wait("the sign-in page", lambda: admin.at_sign_in(browser))
            admin.give_password(browser)
            browser.wait("the question for a code", lambda: browser.find("#otp"))
            browser.type("#otp", "000000")
            browser.click("#kc-login")
            browser.wait("the refusal of a wrong code", lambda: browser.find("[id^=input-error]"))


class Database(unittest.TestCase):
    def test_a_program_writes_and_reads_by_its_certificate(self):
        STACK.program("psql -Xq -v ON_ERROR_STOP=1 -c 'CREATE TABLE IF NOT EXISTS visits (who text)' "
                      "-c \"INSERT INTO visits VALUES ('ada')\"")
        self.assertEqual(STACK.program("psql -XAt -c 'SELECT DISTINCT who FROM visits'"), "ada")

    def test_without_a_certificate_nobody_gets_in(self):
        for why, change in (("without a certificate", "unset PGSSLCERT PGSSLKEY"), ("without TLS", "export PGSSLMODE=disable")):
            done = STACK.program(f"{change}; psql -XAt -c 'SELECT 1'", check=False)
            self.assertNotEqual(done.returncode, 0, f"{why} the database lets in: {done.stdout}")
            self.assertRegex(done.stderr, "pg_hba.conf rejects|certificate|no pg_hba", done.stderr)

    def test_another_program_gets_into_its_own_alone(self):
        self.assertEqual(STACK.program("psql -XAt -c 'SELECT current_user'", "other"), "other")
        for why, change in (("into app's database", "export PGDATABASE=app"), ("as app", "export PGUSER=app"),
                            ("as app into app's database", "export PGDATABASE=app PGUSER=app"),
                            ("as the superuser", "export PGUSER=postgres"), ("into postgres", "export PGDATABASE=postgres"),
                            ("into keycloak's", "export PGDATABASE=keycloak PGUSER=keycloak"),
                            ("for replication", "export PGDATABASE='dbname=other replication=database'")):
            done = STACK.program(f"{change}; psql -XAt -c 'SELECT 1'", "other", check=False)
            self.assertNotEqual(done.returncode, 0, f"other gets {why}")
        done = STACK.program("psql -XAt -c 'SET ROLE app'", "other", check=False)
        self.assertIn("permission denied", done.stderr, "other can become app")

    def test_plain_connections_are_refused(self):
        """The server speaks TLS 1.3 only, and before TLS it says nothing but no."""
        address = STACK.status()["components"]["postgresql"]["address"]
        script = ("import socket, struct; s = socket.create_connection(('%s', 5432), 5); b = struct.pack('!i', 196608) + "
                  "b'user\\0app\\0database\\0app\\0\\0'; s.sendall(struct.pack('!i', len(b) + 4) + b); print(s.recv(400))" % address)
        said = run("ip", "netns", "exec", STACK.namespace("app"), "python3", "-c", script).stdout
        self.assertIn("pg_hba.conf rejects", said.replace("no encryption", "pg_hba.conf rejects"), f"PostgreSQL answers a plain connection with {said}")
        self.assertNotIn("AuthenticationOk", said)
        self.assertTrue(said.startswith("b'E"), f"PostgreSQL answers a plain connection with {said}")


class Secrets(unittest.TestCase):
    def test_a_program_signs_in_by_certificate_and_keeps_a_secret(self):
        STACK.program("bao login -no-print -method=cert name=$(b vault role); "
                      "bao kv put -mount=$(b vault kvMount) mail password=sesame >/dev/null")
        said = STACK.program("bao login -no-print -method=cert name=$(b vault role); "
                             "bao kv get -mount=$(b vault kvMount) -field=password mail")
        self.assertEqual(said, "sesame")

    def test_a_program_encrypts_with_a_key_it_never_sees(self):
        text = base64.b64encode(b"a letter").decode()
        said = STACK.program(
            "bao login -no-print -method=cert name=$(b vault role); m=$(b vault transitMount)\n"
            "bao write -f $m/keys/letters >/dev/null\n"
            f"c=$(bao write -field=ciphertext $m/encrypt/letters plaintext={text}); echo $c\n"
            "bao write -field=plaintext $m/decrypt/letters ciphertext=$c; echo\n"
            "bao read $m/export/encryption-key/letters 2>&1 || true")
        cipher, plain, export = said.split("\n", 2)
        self.assertTrue(cipher.startswith("vault:v1:"), cipher)
        self.assertEqual(plain, text)
        self.assertIn("permission denied", export, "the key can be taken out")

    def test_another_program_gets_to_its_own_alone(self):
        done = STACK.program("bao login -no-print -method=cert name=app", "other", check=False)
        self.assertNotEqual(done.returncode, 0, "other signs in as app")
        said = STACK.program("bao login -no-print -method=cert name=other\n"
                             "for p in kv/app/data/mail transit/app/keys/letters sys/policies/acl/allod auth/cert/certs/app "
                             "sys/mounts sys/auth; do bao read $p 2>&1 || true; done; bao token lookup -format=json", "other")
        self.assertEqual(said.count("permission denied"), 6, f"other reads what is not its own:\n{said}")
        self.assertNotIn("sesame", said)

    def test_a_token_that_was_carried_away_is_of_no_use(self):
        token = STACK.program("bao login -token-only -method=cert name=app")
        self.assertEqual(STACK.program(f"BAO_TOKEN={token} bao token lookup >/dev/null && echo good"), "good")
        done = STACK.program(f"BAO_TOKEN={token} bao kv get -mount=kv/app mail", "other", check=False)
        self.assertNotEqual(done.returncode, 0, "app's token works from other's address")


class Edge(unittest.TestCase):
    def headers(self, page, path, *more):
        lines = STACK.curl(page, path, "-D", "-", "-o", "/dev/null", *more).stdout.lower().splitlines()
        return dict(line.split(": ", 1) for line in lines if ": " in line)

    def test_every_page_has_its_security_headers(self):
        pages = {"gateway": "/dashboard/", "id": f"/realms/{STACK.name}/.well-known/openid-configuration",
                 "secrets": "/ui/", "monitoring": "/consoles/index.html", "alerts": "/"}
        self.assertEqual(set(pages), set(STACK.pages()), "a page is not covered by this test")
        for page, path in pages.items():
            with self.subTest(page):
                headers = self.headers(page, path)
                self.assertRegex(headers.get("strict-transport-security", "none"), r"max-age=31536000", page)
                self.assertEqual(headers.get("x-content-type-options"), "nosniff", page)
                self.assertTrue(headers.get("x-frame-options") or "frame-ancestors" in headers.get(
                    "content-security-policy", ""), f"{page} can be put into a frame: {headers}")
                self.assertEqual(headers.get("server", "") + headers.get("x-powered-by", ""), "", "says what it is")

    def test_every_page_that_is_printed_is_there(self):
        for page, url in STACK.pages().items():
            self.assertTrue((url + "/").startswith(STACK.url(page)), url)
            path = url[len(STACK.url(page, "")):] or "/"
            self.assertNotIn("$", url)
            code = STACK.curl(page, path, "-o", "/dev/null", "-w", "%{http_code}").stdout
            self.assertIn(code, ("200", "302", "303", "307"), f"{url} answers {code}")

    def test_only_tls_1_3_and_known_names(self):
        context = ssl.create_default_context(cafile=str(STACK.root_certificate))
        with socket.create_connection(("127.0.0.1", STACK.port)) as plain:
            with context.wrap_socket(plain, server_hostname=f"id.{STACK.domain}") as secure:
                self.assertEqual(secure.version(), "TLSv1.3")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", STACK.port)) as plain:
            with self.assertRaises(ssl.SSLError, msg="TLS 1.2 is spoken"):
                context.wrap_socket(plain, server_hostname=f"id.{STACK.domain}")
        done = run("curl", "-sS", "-k", "--max-time", "10", "--resolve", f"other.example:{STACK.port}:127.0.0.1",
                   f"https://other.example:{STACK.port}/", check=False)
        self.assertNotEqual(done.returncode, 0, "an unknown name is served")
        with socket.create_connection(("127.0.0.1", STACK.port), 10) as plain:
            plain.sendall(f"GET /dashboard/ HTTP/1.1\r\nHost: gateway.{STACK.domain}\r\n\r\n".encode())
            said = plain.recv(4000)
            self.assertFalse(said.startswith(b"HTTP/1.1 200") or b"dashboard" in said, f"plain HTTP is served: {said}")

    def test_only_this_machine_is_served(self):
        listening = [line for line in run("ss", "-Hltn").stdout.splitlines() if f":{STACK.port} " in line]
        self.assertTrue(listening, "the gateway's port is not open")
        for line in listening:
            self.assertEqual(line.split()[3], f"127.0.0.1:{STACK.port}")

    def test_the_access_log_is_json_without_tokens(self):
        STACK.curl("gateway", "/oauth2/callback?code=SECRETCODE&state=SECRETSTATE", "-o", "/dev/null", "-H",
                   "Authorization: Bearer SECRETBEARER", "-H", "Cookie: a=SECRETCOOKIE")
        STACK.curl("secrets", "/v1/sys/health?x=SECRETCODE", "-o", "/dev/null", "-H", "X-Vault-Token: SECRETTOKEN")
        text = (STACK.state / "logs" / "traefik.gateway.log").read_text()
        # The form of CRI: time, stream, tag, text.
        lines = [line.split(" ", 3)[3] for line in text.splitlines() if line.count(" ") >= 3]
        entries = []
        for line in lines:
            try:
                entries.append(json.loads(line))
            except ValueError:
                self.fail(f"the gateway writes what is not JSON: {line}")
        requests = [entry for entry in entries if "RequestPath" in entry]
        self.assertTrue(any(entry["RequestPath"] == "/oauth2/callback" for entry in requests),
                        f"the access log lacks a request: {requests[-3:]}")
        for log in sorted((STACK.state / "logs").iterdir()):
            said = log.read_text(errors="replace")
            for secret in ("SECRETCODE", "SECRETSTATE", "SECRETBEARER", "SECRETCOOKIE", "SECRETTOKEN"):
                self.assertNotIn(secret, said, f"{log.name} holds what was sent as a secret")


if __name__ == "__main__":
    unittest.main()
