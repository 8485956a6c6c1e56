"""The cases of cases/: small policies that go around the corners of ValidatingAdmissionPolicy, each file with the
requests that they judge. A file becomes ordinary policies, bindings and objects in a namespace of its own.

A policy says `match` (matchConstraints), or `resources` for CREATE of these of the core group; `binding` is its
binding's spec, and `anywhere: true` leaves that binding without the restriction to the file's namespace. `values`
are expressions of texts: a policy is made that has each as the message of a refusal, and a request for each.
"""
import copy
import pathlib

import yaml

FOLDER = pathlib.Path(__file__).resolve().parent / "cases"
ADMISSION = "admissionregistration.k8s.io/v1"


class Request:
    def __init__(self, case, index, said):
        self.key = f"{case.name} {index}"
        self.operation = said.get("operation", "CREATE")
        self.subresource = said.get("subresource", "")
        self.object = case.placed(said.get("object"))
        self.old = case.placed(said.get("oldObject"))
        self.expect = said["expect"]

    def send(self, server):
        if self.operation == "DELETE":
            return server.delete(self.old, dry_run=True)
        if self.operation == "UPDATE":
            return server.update(self.object, dry_run=True, subresource=self.subresource)
        return server.create(self.object, dry_run=True)


def values(expressions):
    return {
        "policies": [{"name": "values", "resources": ["configmaps"], "validations": [
            {"expression": f"object.data.n != '{index}'", "messageExpression": one}
            for index, one in enumerate(expressions)]}],
        "requests": [{"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
                                 "data": {"n": str(index)}}, "expect": "denied"} for index in range(len(expressions))]}


class Case:
    def __init__(self, path):
        said = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        if "values" in said:
            said = values(said["values"])
        self.name = path.stem
        self.namespace = f"case-{path.stem}"
        self.namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": one}
                           for one in [{"name": self.namespace}] + said.get("namespaces", [])]
        self.params = [self.placed(one) for one in said.get("params", [])]
        self.policies = [self.policy(one) for one in said["policies"]]
        self.bindings = [self.binding(one) for one in said["policies"]]
        self.requests = [Request(self, index, one) for index, one in enumerate(said["requests"])]

    def placed(self, document):
        """The object in the file's namespace, unless it says another or can have none."""
        document = copy.deepcopy(document)
        if document and document["kind"] not in ("StorageClass", "ClusterRole", "Namespace"):
            document["metadata"].setdefault("namespace", self.namespace)
        return document

    def policy(self, said):
        spec = {"matchConstraints": said.get("match") or {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": said["resources"]}]}}
        for ours, theirs in (("failurePolicy", "failurePolicy"), ("paramKind", "paramKind"), ("variables", "variables"),
                             ("conditions", "matchConditions"), ("validations", "validations"),
                             ("annotations", "auditAnnotations")):
            if ours in said:
                spec[theirs] = said[ours]
        return {"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicy",
                "metadata": {"name": f"{self.name}.{said['name']}"}, "spec": spec}

    def binding(self, said):
        name = f"{self.name}.{said['name']}"
        spec = {"policyName": name, "validationActions": ["Deny"], **copy.deepcopy(said.get("binding", {}))}
        if not said.get("anywhere"):
            spec.setdefault("matchResources", {})["namespaceSelector"] = {
                "matchLabels": {"kubernetes.io/metadata.name": self.namespace}}
        return {"apiVersion": ADMISSION, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
                "spec": spec}


def cases():
    return [Case(path) for path in sorted(FOLDER.glob("*.yaml"))]


def prepare(server, chosen):
    """What must be there before: namespaces, params, and the objects that requests change or remove."""
    for case in chosen:
        server.apply(*case.namespaces, *case.params)
        server.apply(*(request.old for request in case.requests if request.old))
    for case in chosen:
        server.apply(*case.policies, *case.bindings)
