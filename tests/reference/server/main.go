// One program that is etcd, kube-apiserver or the controller that type-checks policies, by the name it is
// called by. Built from the modules of the two projects as they are published; nothing of them is changed.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	case "policy-status":
		if len(os.Args) != 2 {
			fmt.Fprintln(os.Stderr, "policy-status: needs a kubeconfig")
			os.Exit(2)
		}
		if err := checkTypes(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "policy-status:", err)
			os.Exit(1)
		}
	default:
		fmt.Fprintf(os.Stderr, "%s: call me etcd, kube-apiserver or policy-status\n", name)
		os.Exit(2)
	}
}
