package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Labels and taints below it are ours, and nothing else is.
const prefix = "arcos.dev/"

// Taint keeps pods away that do not tolerate it.
type Taint struct {
	Key       string `json:"key"`
	Value     string `json:"value,omitempty"`
	Effect    string `json:"effect"`
	TimeAdded string `json:"timeAdded,omitempty"`
}

// Pool is what the nodes of a pool carry.
type Pool struct {
	Labels map[string]string `json:"labels"`
	Taints []Taint           `json:"taints"`
}

// Orders says what each pool's nodes carry, and by which of a node's labels,
// the first that is there, its pool is known.
type Orders struct {
	PoolLabels []string        `json:"poolLabels"`
	Pools      map[string]Pool `json:"pools"`
}

// ReadOrders refuses what would touch anything that is not ours.
func ReadOrders(text string) (*Orders, error) {
	if text == "" {
		return nil, errors.New("ARCOS_POOLS is not set")
	}
	orders := &Orders{}
	decoder := json.NewDecoder(bytes.NewBufferString(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(orders); err != nil {
		return nil, fmt.Errorf("ARCOS_POOLS: %w", err)
	}
	if len(orders.PoolLabels) == 0 {
		return nil, errors.New("ARCOS_POOLS: poolLabels is empty: no node's pool could be known")
	}
	for name, pool := range orders.Pools {
		for key := range pool.Labels {
			if !strings.HasPrefix(key, prefix) {
				return nil, fmt.Errorf("ARCOS_POOLS: pool %s: label %s does not begin with %s", name, key, prefix)
			}
		}
		for _, taint := range pool.Taints {
			if !strings.HasPrefix(taint.Key, prefix) {
				return nil, fmt.Errorf("ARCOS_POOLS: pool %s: taint %s does not begin with %s", name, taint.Key, prefix)
			}
		}
	}
	return orders, nil
}

// Node is what is looked at of a node.
type Node struct {
	Metadata struct {
		Name            string            `json:"name"`
		ResourceVersion string            `json:"resourceVersion"`
		Labels          map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Taints []Taint `json:"taints"`
	} `json:"spec"`
}

// Patch is what has to change of a node, as a JSON merge patch (RFC 7386);
// nil if nothing does. It holds the version of the node it was made for, so
// that what somebody else changed meanwhile is never overwritten.
func (o *Orders) Patch(node *Node) map[string]any {
	pool, known := o.poolOf(node)
	if !known {
		return nil
	}
	metadata, patch := map[string]any{"resourceVersion": node.Metadata.ResourceVersion}, map[string]any{}
	if labels := labelChanges(node.Metadata.Labels, pool.Labels); len(labels) > 0 {
		metadata["labels"] = labels
		patch["metadata"] = metadata
	}
	if taints, changed := taintsOf(node.Spec.Taints, pool.Taints); changed {
		patch["metadata"] = metadata
		patch["spec"] = map[string]any{"taints": taints}
	}
	if len(patch) == 0 {
		return nil
	}
	return patch
}

func (o *Orders) poolOf(node *Node) (Pool, bool) {
	for _, label := range o.PoolLabels {
		if name, there := node.Metadata.Labels[label]; there {
			pool, known := o.Pools[name]
			return pool, known
		}
	}
	return Pool{}, false
}

// labelChanges sets what is wanted, and removes with null what is ours and not.
func labelChanges(found, wanted map[string]string) map[string]any {
	changes := map[string]any{}
	for key, value := range wanted {
		if there, ok := found[key]; !ok || there != value {
			changes[key] = value
		}
	}
	for key := range found {
		if _, keep := wanted[key]; strings.HasPrefix(key, prefix) && !keep {
			changes[key] = nil
		}
	}
	return changes
}

// taintsOf keeps everybody else's taints as they are and in their order: a
// merge patch can only set the list as a whole.
func taintsOf(found, wanted []Taint) ([]Taint, bool) {
	result := []Taint{}
	ours := map[Taint]bool{}
	for _, taint := range found {
		bare := Taint{Key: taint.Key, Value: taint.Value, Effect: taint.Effect}
		if !strings.HasPrefix(taint.Key, prefix) {
			result = append(result, taint)
		} else if slices.Contains(wanted, bare) {
			result = append(result, taint)
			ours[bare] = true
		}
	}
	for _, taint := range wanted {
		if !ours[taint] {
			ours[taint] = true
			result = append(result, taint)
		}
	}
	return result, !slices.Equal(found, result)
}
