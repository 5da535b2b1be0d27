package main

import (
	"strconv"
	"strings"
)

// What stands behind the number of a quantity:
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
var suffixes = []struct {
	suffix string
	factor float64
}{
	{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40}, {"Pi", 1 << 50}, {"Ei", 1 << 60},
	{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18},
}

// quantity is the number that Kubernetes writes as `500m` or `2Gi`; false where
// it is none.
func quantity(text string) (float64, bool) {
	factor := 1.0
	for _, one := range suffixes {
		if rest, found := strings.CutSuffix(text, one.suffix); found {
			text, factor = rest, one.factor
			break
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	return number * factor, err == nil
}
