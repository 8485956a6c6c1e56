"""The peers of the benchmark: where they come from, how they are built, and how each is asked.

Each is built by its language's ordinary client into a folder outside of the tree, once. What cannot be built is said and
left out.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RULES = HERE / "rules"

GO = {  # name: (module, package, version)
    "opa": ("github.com/open-policy-agent/opa", "github.com/open-policy-agent/opa", "v1.22.0"),
    "gator": ("github.com/open-policy-agent/gatekeeper/v3", "github.com/open-policy-agent/gatekeeper/v3/cmd/gator", "v3.23.0"),
    "conftest": ("github.com/open-policy-agent/conftest", "github.com/open-policy-agent/conftest", "v0.71.0"),
    "kube-score": ("github.com/zegl/kube-score", "github.com/zegl/kube-score/cmd/kube-score", "v1.20.0"),
    "kubectl-validate": ("sigs.k8s.io/kubectl-validate", "sigs.k8s.io/kubectl-validate", "v0.0.4"),
    "kyverno": ("github.com/kyverno/kyverno", "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno", "v1.15.2"),
}
CHECKOV = "3.3"
SLOW = {"kyverno", "checkov"}
# checkov's own checks that come nearest to the fifteen rules.
CHECKOV_IDS = {"r01": "CKV_K8S_19", "r02": "CKV_K8S_17", "r03": "CKV_K8S_18", "r04": "CKV_K8S_16", "r05": "CKV_K8S_37",
               "r06": "CKV_K8S_25", "r08": "CKV_K8S_26", "r09": "CKV_K8S_23", "r11": "CKV_K8S_20",
               "r12": "CKV_K8S_31", "r13": "CKV_K8S_14", "r14": "CKV_K8S_10,CKV_K8S_12", "r15": "CKV_K8S_13"}


def shell(*command, folder, **environment):
    done = subprocess.run(["nice", "-n", "19", *command], cwd=folder, env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip().splitlines()[-1])


def build_go(name, folder):
    module, package, version = GO[name]
    source = folder / "src" / name
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    shell("go", "mod", "init", "peer", folder=source)
    (source / "tools.go").write_text(f'//go:build tools\n\npackage peer\n\nimport _ "{package}"\n')
    shell("go", "get", f"{module}@{version}", folder=source)
    # The replacements of the module itself are not ours by inheritance.
    found = subprocess.run(["go", "list", "-m", "-f", "{{.Dir}}", module], cwd=source, capture_output=True, text=True)
    origin = subprocess.run(["go", "mod", "edit", "-json", f"{found.stdout.strip()}/go.mod"], cwd=source,
                            capture_output=True, text=True)
    for replace in json.loads(origin.stdout or "{}").get("Replace") or []:
        new = replace["New"]
        if "Version" in new:
            shell("go", "mod", "edit", f"-replace={replace['Old']['Path']}={new['Path']}@{new['Version']}", folder=source)
    shell("go", "mod", "tidy", folder=source)
    shell("go", "build", "-trimpath", "-o", str(folder / "bin" / name), package, folder=source)


def build_celgo(folder):
    source = folder / "src" / "celgo"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE / "peers" / "celgo", source)
    shell("go", "mod", "tidy", folder=source)
    shell("go", "build", "-trimpath", "-o", str(folder / "bin" / "celgo"), ".", folder=source)


def build_regorus(folder):
    source = folder / "src" / "regorus"
    shutil.copytree(HERE / "peers" / "regorus", source, dirs_exist_ok=True)
    shell("cargo", "build", "--release", "--quiet", folder=source, CARGO_TARGET_DIR=str(source / "target"))
    shutil.copy(source / "target" / "release" / "regorus-peer", folder / "bin" / "regorus")


def build_checkov(folder):
    shell(sys.executable, "-m", "venv", str(folder / "checkov"), folder=folder)
    shell(str(folder / "checkov/bin/pip"), "install", "--quiet", f"checkov~={CHECKOV}", folder=folder)
    (folder / "bin/checkov").symlink_to(folder / "checkov/bin/checkov")


BUILDERS = {"celgo": build_celgo, "regorus": build_regorus, "checkov": build_checkov,
            **{name: (lambda folder, name=name: build_go(name, folder)) for name in GO}}


def build(folder, names):
    """Builds what is missing; returns {name: why not}."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    missing = {}
    for name in names:
        if (folder / "bin" / name).exists():
            continue
        print(f"building {name}", file=sys.stderr)
        try:
            BUILDERS[name](folder)
        except (RuntimeError, OSError) as fault:
            missing[name] = str(fault)
            print(f"  not to be had: {fault}", file=sys.stderr)
    return missing


def gator_rules(folder):
    """A constraint template with the expressions of the policy, and a constraint."""
    import yaml
    with open(RULES / "policy.yaml", encoding="utf-8") as file:
        policy = next(yaml.safe_load_all(file))["spec"]
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "bench"},
        "spec": {"crd": {"spec": {"names": {"kind": "Bench"}}},
                 "targets": [{"target": "admission.k8s.gatekeeper.sh",
                              "code": [{"engine": "K8sNativeValidation",
                                        "source": {"variables": policy["variables"],
                                                   "validations": policy["validations"]}}]}]}}
    constraint = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Bench", "metadata": {"name": "bench"},
                  "spec": {"match": {"kinds": [
                      {"apiGroups": [""], "kinds": ["Pod"]},
                      {"apiGroups": ["apps"], "kinds": ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]},
                      {"apiGroups": ["batch"], "kinds": ["Job", "CronJob"]}]}}}
    path = folder / "gator.yaml"
    path.write_text(yaml.safe_dump_all([template, constraint], sort_keys=False))
    return path


def commands(folder, allod, work):
    """name: a function from a corpus's path to the command that judges it."""
    binary = lambda name: str(folder / "bin" / name)
    gator = gator_rules(work)
    ids = ",".join(CHECKOV_IDS.values())
    return {
        "allod": lambda path: [allod, "check", "--policy", str(RULES / "policy.yaml"), "--output", "json", "--no-ignore", path],
        "celgo": lambda path: [binary("celgo"), "-policy", str(RULES / "policy.yaml"), "-print", path],
        "opa": lambda path: [binary("opa"), "exec", "--decision", "main/deny", "--bundle", str(RULES), "--log-level", "error", path],
        "gator": lambda path: [binary("gator"), "test", "--filename", str(gator), "--filename", path, "--output", "json"],
        "conftest": lambda path: [binary("conftest"), "test", "--policy", str(RULES / "rules.rego"), "--output", "json", "--no-color", path],
        "kube-score": lambda path: ["sh", "-c", 'find "$1" -name "*.yaml" -print0 | xargs -0 "$0" score --output-format json', binary("kube-score"), path],
        "kubectl-validate": lambda path: [binary("kubectl-validate"), "--version", "1.30", "--output", "json", path],
        "regorus": lambda path: [binary("regorus"), str(RULES / "rules.rego"), path, "--print"],
        "checkov": lambda path: [binary("checkov"), "--framework", "kubernetes", "--check", ids, "--quiet", "--compact",
                                 "--output", "json", "--directory", path],
    }


def plan_commands(folder, allod):
    """The same for a plan in JSON."""
    binary = lambda name: str(folder / "bin" / name)
    return {
        "allod": lambda path: [allod, "check", "--policy", str(RULES / "plan.yaml"), "--output", "json", "--no-ignore", path],
        "opa": lambda path: [binary("opa"), "exec", "--decision", "plan/deny", "--bundle", str(RULES), "--log-level", "error", path],
        "conftest": lambda path: [binary("conftest"), "test", "--policy", str(RULES / "plan.rego"), "--namespace", "plan",
                                  "--output", "json", "--no-color", path],
        "regorus": lambda path: [binary("regorus"), str(RULES / "plan.rego"), path, "--plan"],
    }
