"""The two sets of the Pod Security Standards judge as upstream's own admission does: on the pods that upstream
tests itself with, for every version of the standard that changed something. The pods come from the Go module
k8s.io/pod-security-admission, which the server is built from; nothing of it is kept in the tree."""
import collections
import pathlib
import shutil
import subprocess
import unittest

import yaml

import cluster
import examples

# The versions that brought something new (k8s.io/pod-security-admission/policy), and the first.
VERSIONS = [0, 8, 19, 22, 23, 25, 27, 29, 31, 32, 34]
LABEL = "allod-test/standard"
SETS = {"baseline": ["pss-baseline"], "restricted": ["pss-baseline", "pss-restricted"]}


def upstream():
    if not shutil.which("go"):
        raise unittest.SkipTest("Go is not installed, so upstream's pods cannot be had")
    done = subprocess.run(["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission"], text=True,
                          cwd=pathlib.Path(__file__).parent / "server", capture_output=True, check=True)
    folder = done.stdout.strip()
    if not folder:
        raise unittest.SkipTest("the module k8s.io/pod-security-admission is not in Go's cache")
    return pathlib.Path(folder) / "test/testdata"


def objects(chosen):
    """Every policy bound once for each level and version, with a parameter object for each version."""
    for minor in VERSIONS:
        yield {"apiVersion": "v1", "kind": "ConfigMap",
               "metadata": {"name": f"standard-1-{minor}", "namespace": "default"}, "data": {"version": f"1.{minor}"}}
        for level, sets in SETS.items():
            for policy in chosen:
                if policy.path.parent.name not in sets:
                    continue
                spec = {"policyName": policy.name, "validationActions": ["Deny"],
                        "matchResources": {"objectSelector": {"matchLabels": {LABEL: f"{level}-1-{minor}"}}}}
                if "paramKind" in policy.document["spec"]:
                    spec["paramRef"] = {"name": f"standard-1-{minor}", "namespace": "default",
                                        "parameterNotFoundAction": "Deny"}
                yield {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
                       "metadata": {"name": f"{policy.name}.{level}-1-{minor}"}, "spec": spec}


def setUpModule():
    global SERVER, PODS
    PODS = upstream()
    SERVER = cluster.Cluster()
    unittest.addModuleCleanup(SERVER.stop)
    SERVER.start()
    chosen = [policy for policy in examples.policies() if policy.path.parent.name.startswith("pss-")]
    SERVER.apply(*(policy.document for policy in chosen), *objects(chosen))
    examples.wait_until_in_force(SERVER)


class PodSecurity(unittest.TestCase):
    def test_upstreams_pods(self):
        judged = collections.Counter()
        for minor in VERSIONS:
            for level in SETS:
                for verdict in ("pass", "fail"):
                    for path in sorted((PODS / level / f"v1.{minor}" / verdict).glob("*.yaml")):
                        pod = yaml.safe_load(path.read_text())
                        pod["metadata"]["name"] = "pod"  # some have names that no server takes
                        pod["metadata"].setdefault("labels", {})[LABEL] = f"{level}-1-{minor}"
                        said = SERVER.create(pod, dry_run=True)
                        with self.subTest(f"{level} 1.{minor} {verdict}: {path.name}"):
                            if said.status >= 400:
                                self.assertIn("ValidatingAdmissionPolicy 'pss-", said.message)
                            judged[verdict] += 1
                            self.assertEqual("fail" if said.status >= 400 else "pass", verdict, said)
        self.assertGreater(judged["pass"], 300)
        self.assertGreater(judged["fail"], 900)


if __name__ == "__main__":
    unittest.main()
