"""A Kubernetes API server of the tests' own, on loopback: etcd, kube-apiserver and the controller that checks
the types of policies, with certificates made for the run. Nothing of it outlives the run."""
import http.client
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

SOURCE = pathlib.Path(__file__).resolve().parents[2]

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:{port}", certificate-authority: "{folder}/ca.crt"}}}}]
users: [{{name: u, user: {{client-certificate: "{folder}/admin.crt", client-key: "{folder}/admin.key"}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""


def programs():
    """The folder with etcd and kube-apiserver; builds them if they are missing. Skips without Go."""
    done = subprocess.run([SOURCE / "tools/fetch-kube-apiserver"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"kube-apiserver could not be built:\n{done.stderr}")
    if not done.stdout.strip():
        raise unittest.SkipTest(done.stderr.strip())
    return pathlib.Path(done.stdout.strip())


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(what, condition, seconds=90, every=0.1):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(every)


class Certificates:
    """A CA and what it signs, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", "/CN=tests", "-keyout", "ca.key", "-out", "ca.crt")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, subject):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                     "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", f"{name}.key", "-out",
                     f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2",
                     "-copy_extensions", "copy", "-out", f"{name}.crt")


class Answer:
    """What the server said to one request."""

    def __init__(self, status, body, warnings):
        self.status = status
        self.body = body
        self.warnings = warnings

    @property
    def message(self):
        return self.body.get("message", "") if isinstance(self.body, dict) else ""

    def __repr__(self):
        return f"{self.status} {self.message or ''} {self.warnings or ''}"


class Cluster:
    """Use as a context manager, or start() and stop()."""

    def __init__(self, apis="admissionregistration.k8s.io/v1beta1=true"):
        self.apis = apis
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="allod-reference-"))
        self.running = []
        self.local = threading.local()
        self.plurals = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def spawn(self, name, *words):
        log = open(self.folder / f"{name}.log", "wb")  # the child keeps it open
        self.running.append(subprocess.Popen([self.programs / name, *words], stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=subprocess.STDOUT, cwd=self.folder))
        log.close()

    def start(self):
        self.programs = programs()
        made = Certificates(self.folder)
        made.issue("server", "/CN=server")
        made.issue("admin", "/CN=admin/O=system:masters")
        made.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "accounts.key")
        etcd, peer, self.port = free_ports(3)
        self.spawn("etcd", "--data-dir=data", f"--listen-client-urls=https://127.0.0.1:{etcd}",
                   f"--advertise-client-urls=https://127.0.0.1:{etcd}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                   "--cert-file=server.crt", "--key-file=server.key", "--client-cert-auth",
                   "--trusted-ca-file=ca.crt", "--unsafe-no-fsync", "--log-level=warn")
        self.spawn("kube-apiserver", f"--etcd-servers=https://127.0.0.1:{etcd}", "--etcd-cafile=ca.crt",
                   "--etcd-certfile=admin.crt", "--etcd-keyfile=admin.key", "--bind-address=127.0.0.1",
                   "--advertise-address=127.0.0.1", f"--secure-port={self.port}", "--tls-cert-file=server.crt",
                   "--tls-private-key-file=server.key", "--client-ca-file=ca.crt", "--authorization-mode=RBAC",
                   "--service-account-issuer=https://tests.invalid", "--service-account-key-file=accounts.key",
                   "--service-account-signing-key-file=accounts.key", "--service-cluster-ip-range=10.0.0.0/16",
                   "--allow-privileged", "--disable-admission-plugins=ServiceAccount",
                   "--feature-gates=MutatingAdmissionPolicy=true", "--endpoint-reconciler-type=none",
                   f"--runtime-config={self.apis}")
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        context.load_cert_chain(self.folder / "admin.crt", self.folder / "admin.key")
        self.context = context
        wait_for(f"kube-apiserver; its log:\n{self.folder}/kube-apiserver.log", self.ready)
        kubeconfig = self.folder / "kubeconfig"
        kubeconfig.write_text(KUBECONFIG.format(port=self.port, folder=self.folder))
        self.spawn("policy-status", kubeconfig)

    def stop(self):
        if connection := getattr(self.local, "connection", None):
            connection.close()
        for process in reversed(self.running):
            process.terminate()
        for process in reversed(self.running):
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def ready(self):
        for process in self.running:
            if process.poll() is not None:
                logs = "\n".join(log.read_text(errors="replace")[-3000:] for log in self.folder.glob("*.log"))
                raise AssertionError(f"{process.args[0]} ended:\n{logs}")
        try:
            return self.request("GET", "/readyz").status == 200
        except OSError:
            return False

    def request(self, method, path, body=None, content_type="application/json"):
        """One request over this thread's connection; a broken one is made anew once."""
        data = None if body is None else json.dumps(body).encode()
        for last in (False, True):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=60)
                self.local.connection = connection
            try:
                connection.request(method, path, data, {"Content-Type": content_type, "Accept": "application/json"})
                response = connection.getresponse()
                text = response.read()
                break
            except (http.client.HTTPException, OSError):
                self.local.connection = None
                if last:
                    raise
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = text.decode(errors="replace")
        warnings = [line.split('"', 1)[1].rsplit('"', 1)[0].replace('\\"', '"')
                    for line in response.headers.get_all("Warning", [])]
        return Answer(response.status, parsed, warnings)

    def resources(self):
        """Everything that discovery lists: (group, version, entry) of each resource and subresource."""
        found = []
        versions = [("", v) for v in self.request("GET", "/api").body["versions"]]
        for group in self.request("GET", "/apis").body["groups"]:
            versions += [(group["name"], v["version"]) for v in group["versions"]]
        for group, version in versions:
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            for entry in self.request("GET", path).body["resources"]:
                found.append((group, version, entry))
        return found

    def plural(self, api_version, kind):
        """(plural, namespaced) of a kind."""
        if (api_version, kind) not in self.plurals:
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            for entry in self.request("GET", path).body.get("resources", []):
                if "/" not in entry["name"]:
                    self.plurals[api_version, entry["kind"]] = (entry["name"], entry["namespaced"])
        if (api_version, kind) not in self.plurals:
            raise AssertionError(f"the API server has no {kind} of {api_version}")
        return self.plurals[api_version, kind]

    def path(self, document, named, subresource=""):
        plural, namespaced = self.plural(document["apiVersion"], document["kind"])
        api_version = document["apiVersion"]
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        if namespaced:
            path += f"/namespaces/{document['metadata'].get('namespace', 'default')}"
        path += f"/{plural}"
        if named:
            path += f"/{urllib.parse.quote(document['metadata']['name'])}"
        return path + (f"/{subresource}" if subresource else "")

    def create(self, document, dry_run=False):
        query = "?dryRun=All&fieldValidation=Strict" if dry_run else "?fieldValidation=Strict"
        return self.request("POST", self.path(document, False) + query, document)

    def update(self, document, dry_run=False, subresource=""):
        return self.request("PUT", self.path(document, True, subresource) + ("?dryRun=All" if dry_run else ""),
                            document)

    def delete(self, document, dry_run=False):
        return self.request("DELETE", self.path(document, True) + ("?dryRun=All" if dry_run else ""))

    def get(self, document):
        return self.request("GET", self.path(document, True))

    def apply(self, *documents):
        """Creates what is not there yet; an error is a failure."""
        for document in documents:
            said = self.create(document)
            if said.status not in (200, 201, 409):
                name = document["metadata"].get("name")
                raise AssertionError(f"{document['kind']} {name}: {said}")


if __name__ == "__main__":  # for trying out: runs until it is interrupted
    with Cluster() as cluster:
        print(f"kubectl --kubeconfig {cluster.folder}/kubeconfig", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.exit()
