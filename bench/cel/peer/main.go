// Evaluates the expressions of a file over one object with cel-go, bare and as the Kubernetes API
// server sets it up for admission policies, and prints nanoseconds, result and cost of each as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"k8s.io/apimachinery/pkg/util/version"
	plugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
	"sigs.k8s.io/yaml"
)

type Case struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
}

type Figure struct {
	Name       string  `json:"name"`
	Nanosecond float64 `json:"ns"`
	Result     string  `json:"result"`
	Cost       uint64  `json:"cost"`
}

type condition string

func (c condition) GetExpression() string   { return string(c) }
func (c condition) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType} }

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// processorTime is what this process has used, its garbage collector included.
func processorTime() time.Duration {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure runs for about the given time and gives nanoseconds for each evaluation.
func measure(program cel.Program, variables map[string]any, duration time.Duration) float64 {
	ctx := context.Background()
	count := 16
	for {
		start := processorTime()
		for i := 0; i < count; i++ {
			program.ContextEval(ctx, variables)
		}
		if spent := processorTime() - start; spent > duration {
			return float64(spent.Nanoseconds()) / float64(count)
		}
		count *= 2
	}
}

func figure(c Case, program cel.Program, variables map[string]any, duration time.Duration) Figure {
	value, details, err := program.ContextEval(context.Background(), variables)
	f := Figure{Name: c.Name}
	if err != nil {
		f.Result = "error: " + err.Error()
	} else {
		f.Result = fmt.Sprint(value.Value())
	}
	if details != nil && details.ActualCost() != nil {
		f.Cost = *details.ActualCost()
	}
	if duration > 0 {
		f.Nanosecond = measure(program, variables, duration)
	}
	return f
}

func main() {
	mode, expressions, object := os.Args[1], os.Args[2], os.Args[3]
	duration, err := time.ParseDuration(os.Args[4])
	fail(err)
	text, err := os.ReadFile(expressions)
	fail(err)
	var cases []Case
	fail(json.Unmarshal(text, &cases))
	text, err = os.ReadFile(object)
	fail(err)
	var tree map[string]any
	// As the API server reads objects: whole numbers are int64.
	fail(yaml.Unmarshal(text, &tree))
	variables := map[string]any{"object": whole(tree), "oldObject": nil}

	bare, err := cel.NewEnv(cel.Variable("object", cel.DynType), cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.Lists(ext.ListsVersion(3)), ext.TwoVarComprehensions(), library.Quantity())
	fail(err)
	compiler := plugin.NewCompiler(environment.MustBaseEnvSet(version.MajorMinor(1, 34), true))
	var figures []Figure
	for _, c := range cases {
		var program cel.Program
		if mode == "bare" {
			ast, issues := bare.Compile(c.Expression)
			fail(issues.Err())
			program, err = bare.Program(ast, cel.EvalOptions(cel.OptOptimize))
			fail(err)
		} else {
			result := compiler.CompileCELExpression(condition(c.Expression),
				plugin.OptionalVariableDeclarations{StrictCost: true}, environment.StoredExpressions)
			if result.Error != nil {
				figures = append(figures, Figure{Name: c.Name, Result: "does not compile: " + result.Error.Detail})
				continue
			}
			program = result.Program
		}
		figures = append(figures, figure(c, program, variables, duration))
	}
	fail(json.NewEncoder(os.Stdout).Encode(figures))
}

func whole(value any) any {
	switch v := value.(type) {
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case map[string]any:
		for key, member := range v {
			v[key] = whole(member)
		}
	case []any:
		for i, element := range v {
			v[i] = whole(element)
		}
	}
	return value
}
