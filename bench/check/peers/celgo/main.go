// A small harness on cel-go as Kubernetes sets it up: reads manifests with the API machinery's YAML reader and judges
// each by a ValidatingAdmissionPolicy with the API server's own compiler and validator. It is a peer of the
// benchmark, as small as it can be: no positions, no matching beyond the kind, no output but messages.
//
//	celgo -policy FILE [-workers N] [-print] PATH…
package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

var plurals = map[string]string{"Pod": "pods", "Deployment": "deployments", "StatefulSet": "statefulsets",
	"DaemonSet": "daemonsets", "ReplicaSet": "replicasets", "Job": "jobs", "CronJob": "cronjobs"}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "celgo:", err)
		os.Exit(2)
	}
}

func readPolicy(path string) *admissionv1.ValidatingAdmissionPolicy {
	text, err := os.ReadFile(path)
	fail(err)
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	document, err := reader.Read()
	fail(err)
	policy := &admissionv1.ValidatingAdmissionPolicy{}
	fail(yaml.UnmarshalStrict(document, policy))
	return policy
}

func compile(policy *admissionv1.ValidatingAdmissionPolicy) validating.Validator {
	env, err := cel.NewCompositionEnv(cel.VariablesTypeName, environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion(), true))
	fail(err)
	compiler := cel.NewCompositedCompilerFromTemplate(env)
	options := cel.OptionalVariableDeclarations{HasAuthorizer: true, StrictCost: true}
	variables := make([]cel.NamedExpressionAccessor, len(policy.Spec.Variables))
	for i, variable := range policy.Spec.Variables {
		variables[i] = &validating.Variable{Name: variable.Name, Expression: variable.Expression}
	}
	compiler.CompileAndStoreVariables(variables, options, environment.StoredExpressions)
	validations := make([]cel.ExpressionAccessor, len(policy.Spec.Validations))
	for i, validation := range policy.Spec.Validations {
		validations[i] = &validating.ValidationCondition{Expression: validation.Expression, Message: validation.Message}
	}
	none := compiler.CompileCondition(nil, options, environment.StoredExpressions)
	return validating.NewValidator(compiler.CompileCondition(validations, options, environment.StoredExpressions), nil,
		none, none, policy.Spec.FailurePolicy)
}

type counts struct{ objects, judged, refused int }

type judge struct {
	validator validating.Validator
	print     bool
	out       *bufio.Writer
	counts
}

func (j *judge) object(path string, object *unstructured.Unstructured) {
	j.objects++
	plural, known := plurals[object.GetKind()]
	if !known {
		return
	}
	j.judged++
	kind := object.GroupVersionKind()
	resource := schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: plural}
	attributes := admission.NewAttributesRecord(object, nil, kind, object.GetNamespace(), object.GetName(), resource, "",
		admission.Create, nil, false, nil)
	versioned := &admission.VersionedAttributes{Attributes: attributes, VersionedKind: kind, VersionedObject: object}
	result := j.validator.Validate(context.Background(), resource, versioned, nil, nil, celconfig.RuntimeCELCostBudget, nil)
	refused := false
	for _, decision := range result.Decisions {
		if decision.Action == validating.ActionDeny {
			refused = true
			if j.print {
				fmt.Fprintf(j.out, "%s\t%s/%s\t%s\n", path, object.GetKind(), object.GetName(), decision.Message)
			}
		}
	}
	if refused {
		j.refused++
	}
}

func (j *judge) file(path string) {
	text, err := os.ReadFile(path)
	fail(err)
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if err == io.EOF {
			return
		}
		fail(err)
		var content map[string]interface{}
		fail(yaml.Unmarshal(document, &content))
		if len(content) == 0 {
			continue
		}
		object := &unstructured.Unstructured{Object: normalised(content).(map[string]interface{})}
		j.object(path, object)
	}
}

// normalised makes whole numbers int64, as the API machinery's JSON reader does.
func normalised(value interface{}) interface{} {
	switch v := value.(type) {
	case map[string]interface{}:
		for key, item := range v {
			v[key] = normalised(item)
		}
	case []interface{}:
		for i, item := range v {
			v[i] = normalised(item)
		}
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return value
}

func main() {
	policyPath := flag.String("policy", "", "a ValidatingAdmissionPolicy")
	workers := flag.Int("workers", 2, "goroutines that judge")
	print := flag.Bool("print", false, "print what is refused")
	flag.Parse()
	policy := readPolicy(*policyPath)
	paths := make(chan string, 256)
	var wait sync.WaitGroup
	var mutex sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	var all counts
	for i := 0; i < *workers; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			var buffer bytes.Buffer
			j := &judge{validator: compile(policy), print: *print, out: bufio.NewWriter(&buffer)}
			for path := range paths {
				j.file(path)
			}
			j.out.Flush()
			mutex.Lock()
			defer mutex.Unlock()
			out.Write(buffer.Bytes())
			all.objects += j.objects
			all.judged += j.judged
			all.refused += j.refused
		}()
	}
	for _, root := range flag.Args() {
		fail(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !entry.IsDir() && (strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".json")) {
				paths <- path
			}
			return nil
		}))
	}
	close(paths)
	wait.Wait()
	out.Flush()
	fmt.Fprintf(os.Stderr, "%d objects, %d judged, %d refused\n", all.objects, all.judged, all.refused)
}
