package main

import (
	"net/http"
	"slices"
	"strings"
)

// The gate in front tells who asks; the ingress strips both from what browsers send.
const (
	userHeader   = "X-Auth-Request-User"
	groupsHeader = "X-Auth-Request-Groups"
)

// Reader is who asks.
type Reader struct {
	Name     string
	Operator bool
	allowed  bool
}

// reader tells who asks. Whoever is in neither group sees nothing: a request
// that did not come through the gate names no group.
func (s Site) reader(r *http.Request) Reader {
	var groups []string
	for _, group := range strings.Split(r.Header.Get(groupsHeader), ",") {
		groups = append(groups, strings.TrimSpace(group))
	}
	operator := slices.Contains(groups, s.Operators)
	return Reader{
		Name:     r.Header.Get(userHeader),
		Operator: operator,
		allowed:  operator || (s.Researchers != "" && slices.Contains(groups, s.Researchers)),
	}
}

// sees tells whether a dashboard is for this reader.
func (r Reader) sees(d *Dashboard) bool {
	return r.Operator || (r.allowed && slices.Contains(d.Tags, "researchers"))
}
