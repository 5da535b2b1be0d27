package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const pools = `{"poolLabels":["magnum.openstack.org/nodegroup","capi.stackhpc.com/node-group"],"pools":{
	"core":{"labels":{"arcos.dev/pool":"core"},"taints":[]},
	"gpu":{"labels":{"arcos.dev/pool":"gpu","arcos.dev/gpu":"nvidia"},
	       "taints":[{"key":"arcos.dev/gpu","value":"true","effect":"NoSchedule"}]}}}`

func orders(t *testing.T) *Orders {
	t.Helper()
	read, err := ReadOrders(pools)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func patch(t *testing.T, node string) string {
	t.Helper()
	var one Node
	if err := json.Unmarshal([]byte(node), &one); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(orders(t).Patch(&one))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestANodeGetsWhatItsPoolSays(t *testing.T) {
	for name, one := range map[string]struct{ node, want string }{
		"a new node of a pool with a taint": {
			`{"metadata":{"name":"n","resourceVersion":"7","labels":{"capi.stackhpc.com/node-group":"gpu"}}}`,
			`{"metadata":{"labels":{"arcos.dev/gpu":"nvidia","arcos.dev/pool":"gpu"},"resourceVersion":"7"},` +
				`"spec":{"taints":[{"key":"arcos.dev/gpu","value":"true","effect":"NoSchedule"}]}}`,
		},
		"a node that is in order": {
			`{"metadata":{"labels":{"magnum.openstack.org/nodegroup":"core","arcos.dev/pool":"core"}}}`,
			`null`,
		},
		"other taints stay, with their times": {
			`{"metadata":{"resourceVersion":"8","labels":{"magnum.openstack.org/nodegroup":"core","arcos.dev/pool":"core"}},
			  "spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute","timeAdded":"2026-11-01T00:00:00Z"},
			                    {"key":"arcos.dev/old","value":"true","effect":"NoSchedule"}]}}`,
			`{"metadata":{"resourceVersion":"8"},"spec":{"taints":[{"key":"node.kubernetes.io/not-ready",` +
				`"effect":"NoExecute","timeAdded":"2026-11-01T00:00:00Z"}]}}`,
		},
		"a label of ours that no longer holds goes": {
			`{"metadata":{"resourceVersion":"9","labels":{"magnum.openstack.org/nodegroup":"core","arcos.dev/pool":"core",
			  "arcos.dev/gpu":"nvidia","example.org/rack":"4"}}}`,
			`{"metadata":{"labels":{"arcos.dev/gpu":null},"resourceVersion":"9"}}`,
		},
		"a pool that the site does not have": {
			`{"metadata":{"labels":{"magnum.openstack.org/nodegroup":"default-worker","arcos.dev/pool":"x"}}}`, `null`,
		},
		"a node of no pool": {`{"metadata":{"labels":{"kubernetes.io/os":"linux"}}}`, `null`},
	} {
		if got := patch(t, one.node); got != one.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, one.want)
		}
	}
}

func TestTheFirstLabelThatIsThereNamesThePool(t *testing.T) {
	both := `{"metadata":{"labels":{"capi.stackhpc.com/node-group":"core","magnum.openstack.org/nodegroup":"gpu"}}}`
	if got := patch(t, both); !strings.Contains(got, `"arcos.dev/pool":"gpu"`) {
		t.Errorf("%s", got)
	}
}

func TestWrongOrdersAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                            "is not set",
		`{`:                           "unexpected",
		`{"pools":{}}`:                "poolLabels is empty",
		`{"poolLabels":["a"],"x":{}}`: "unknown field",
		`{"poolLabels":["a"],"pools":{"p":{"labels":{"node-role.kubernetes.io/control-plane":""}}}}`: "does not begin with",
		`{"poolLabels":["a"],"pools":{"p":{"taints":[{"key":"gpu","effect":"NoSchedule"}]}}}`:        "does not begin with",
	} {
		if _, err := ReadOrders(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, wanted %q", text, err, want)
		}
	}
}
