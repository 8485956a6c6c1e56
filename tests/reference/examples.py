"""The shipped policies and their examples, prepared for a run: every policy bound to its own examples only, by
a label, so that all of them can be in force at once."""
import copy
import pathlib
import re
import time

import yaml

import cluster

SOURCE = pathlib.Path(__file__).resolve().parents[2]
POLICIES = SOURCE / "catalogue/policies"
LABEL = "allod-test/policy"
# The API server wants a domain with a dot as a group, which allod's own does not have.
GROUPS = {"allod/v1alpha1": "stacks.allod.test/v1alpha1"}


def read(path):
    return [document for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader) if document]


class Example:
    """One object that a policy is to judge; `fails` are the validations it must fail, from 0."""

    def __init__(self, policy, document, good, path, index):
        self.key = f"{path.relative_to(POLICIES)} {index}"
        self.policy = policy
        self.path = path
        self.document = copy.deepcopy(document)
        annotations = self.document["metadata"].get("annotations", {})
        self.context = annotations.pop("allod/example", "") == "context"
        said = annotations.pop("allod/fails", None)
        self.params_missing = said == "params"
        self.fails = [] if good or self.context or self.params_missing else [int(said)]
        self.denied = bool(self.fails) or self.params_missing
        if "annotations" in self.document["metadata"] and not annotations:
            del self.document["metadata"]["annotations"]
        self.document["metadata"].setdefault("labels", {})[LABEL] = policy

    def __str__(self):
        return f"{self.path.relative_to(POLICIES)}: {self.document['kind']} {self.document['metadata']['name']}"

    def for_server(self):
        """The object with a name and a group that the API server takes."""
        document = copy.deepcopy(self.document)
        document["apiVersion"] = GROUPS.get(document["apiVersion"], document["apiVersion"])
        document["metadata"]["name"] = re.sub(r"[^a-z0-9.]+", "-", document["metadata"]["name"]).strip("-")
        return document


class Policy:
    def __init__(self, path):
        self.path = path
        self.document = read(path)[0]
        self.name = self.document["metadata"]["name"]
        good, bad = (path.with_suffix(f".{kind}.yaml") for kind in ("good", "bad"))
        self.examples = [Example(self.name, document, file == good, file, index)
                         for file in (good, bad) for index, document in enumerate(read(file))]

    def for_server(self):
        document = copy.deepcopy(self.document)
        for rule in document["spec"]["matchConstraints"]["resourceRules"]:
            rule["apiGroups"] = ["stacks.allod.test" if group == "allod" else group for group in rule["apiGroups"]]
        return document


def is_policy(path):
    return not re.search(r"\.(good|bad)\.yaml$", path.name) and path.name not in (
        "bindings.yaml", "parameters.yaml", "kustomization.yaml", "hyperscaler-resources.yaml")


def policies():
    return [Policy(path) for path in sorted(POLICIES.glob("*/*.yaml")) if is_policy(path)]


def bindings():
    """The shipped bindings, each narrowed to the examples of its policy."""
    for path in sorted(POLICIES.glob("*/bindings.yaml")):
        for document in read(path):
            document["spec"]["matchResources"] = {
                "objectSelector": {"matchLabels": {LABEL: document["spec"]["policyName"]}}}
            yield document


def parameters():
    for path in sorted(POLICIES.glob("*/*.yaml")):
        if path.name in ("parameters.yaml", "hyperscaler-resources.yaml"):
            yield from read(path)


def schema(form):
    if isinstance(form, list):
        return {"type": "array", "items": schema(form[0])}
    return {"type": "string"} if form == "string" else {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definitions():
    """CustomResourceDefinitions for the kinds that Kubernetes does not have."""
    for kind in yaml.safe_load((SOURCE / "tests/reference/kinds.yaml").read_text()):
        fields = {name: schema(form) for name, form in kind.get("fields", {"spec": "any"}).items()}
        yield {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{kind['plural']}.{kind['group']}",
                         "annotations": {"api-approved.kubernetes.io": "unapproved, for tests only"}},
            "spec": {
                "group": kind["group"], "scope": kind.get("scope", "Namespaced"),
                "names": {"kind": kind["kind"], "plural": kind["plural"], "singular": kind["kind"].lower()},
                "versions": [{"name": version, "served": True, "storage": version == kind["versions"][0],
                              "schema": {"openAPIV3Schema": {"type": "object", "properties": fields}}}
                             for version in kind["versions"]]}}


SENTINEL = {
    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "sentinel"},
    "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                                                     "operations": ["CREATE"], "resources": ["configmaps"]}]},
             "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
             "validations": [{"expression": "object.metadata.name != 'sentinel'"}]}}


def wait_until_in_force(server):
    """Policies, bindings and params that were created before are seen by the server's admission after this: it
    reads them from its own watches, a second or so later. What is created last is seen last."""
    server.apply(SENTINEL, {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "sentinel"},
        "spec": {"policyName": "sentinel", "validationActions": ["Deny"],
                 "paramRef": {"name": "sentinel", "namespace": "default", "parameterNotFoundAction": "Allow"}}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sentinel", "namespace": "default"}})
    canary = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sentinel", "namespace": "kube-system"}}
    cluster.wait_for("policies to be in force", lambda: server.create(canary, dry_run=True).status >= 400, every=0.2)
    time.sleep(2)  # watches of other kinds of params are started by the same pass, but nobody says when they are done


def put_in_force(server, chosen):
    """Everything that the examples need is created, the policies and their bindings last."""
    server.apply(*definitions())
    for kind in yaml.safe_load((SOURCE / "tests/reference/kinds.yaml").read_text()):
        for version in kind["versions"]:
            path = f"/apis/{kind['group']}/{version}/{kind['plural']}"
            cluster.wait_for(path, lambda path=path: server.request("GET", path).status == 200)
    objects = [example for policy in chosen for example in policy.examples]
    spaces = sorted({example.document["metadata"].get("namespace", "default") for example in objects} - {"default"})
    server.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in spaces))
    server.apply(*parameters())
    for name in ("important", "when-there-is-room"):
        server.apply({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
                      "value": 100})
    server.apply(*(example.for_server() for example in objects if example.context))
    server.apply(*(policy.for_server() for policy in chosen))
    server.apply(*bindings())
    wait_until_in_force(server)
