# The same fifteen rules in Rego, for OPA, conftest and regorus.
package main

pod := input.spec if input.kind == "Pod"

pod := input.spec.jobTemplate.spec.template.spec if input.kind == "CronJob"

pod := input.spec.template.spec if {
	input.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"}
}

containers contains c if some c in pod.containers

containers contains c if some c in pod.initContainers

deny contains "r01 the pod uses the host's network" if pod.hostNetwork

deny contains "r02 the pod uses the host's process ids" if pod.hostPID

deny contains "r03 the pod uses the host's IPC" if pod.hostIPC

deny contains "r04 a container is privileged" if {
	some c in containers
	c.securityContext.privileged
}

drops_all(c) if "ALL" in c.securityContext.capabilities.drop

deny contains "r05 a container does not drop all capabilities" if {
	some c in containers
	not drops_all(c)
}

deny contains "r06 a container adds a capability" if {
	some c in containers
	some name in c.securityContext.capabilities.add
	name != "NET_BIND_SERVICE"
}

deny contains "r07 a volume is a path of the host" if {
	some v in pod.volumes
	v.hostPath
}

deny contains "r08 a container takes a port of the host" if {
	some c in containers
	some p in c.ports
	p.hostPort != 0
}

non_root(c) if pod.securityContext.runAsNonRoot == true

non_root(c) if c.securityContext.runAsNonRoot == true

deny contains "r09 a container may run as root" if {
	some c in containers
	not non_root(c)
}

deny contains "r10 a container runs as user 0" if pod.securityContext.runAsUser == 0

deny contains "r10 a container runs as user 0" if {
	some c in containers
	c.securityContext.runAsUser == 0
}

no_escalation(c) if c.securityContext.allowPrivilegeEscalation == false

deny contains "r11 a container may raise its privileges" if {
	some c in containers
	not no_escalation(c)
}

seccomp(c) if pod.securityContext.seccompProfile.type in {"RuntimeDefault", "Localhost"}

seccomp(c) if c.securityContext.seccompProfile.type in {"RuntimeDefault", "Localhost"}

deny contains "r12 a container has no seccomp profile" if {
	some c in containers
	not seccomp(c)
}

tagged(c) if contains(c.image, "@sha256:")

tagged(c) if {
	regex.match(`:[^/:]+$`, c.image)
	not endswith(c.image, ":latest")
}

deny contains "r13 an image has no tag of its own" if {
	some c in containers
	not tagged(c)
}

requests(c) if {
	c.resources.requests.cpu
	c.resources.requests.memory
}

deny contains "r14 a container requests no cpu or memory" if {
	some c in containers
	not requests(c)
}

deny contains "r15 a container has no memory limit" if {
	some c in containers
	not c.resources.limits.memory
}
