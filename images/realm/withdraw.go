package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// One page of a list of people.
const page = 500

// withdraw takes a provider's people out of the groups to which its rules
// admitted until now and admit nobody any more. Keycloak looks at a rule when
// somebody signs in, and what is gone it never looks at again: without this,
// whom the rule once admitted would stay a member for ever.
//
// People of that provider whom an operator put there go as well: while the rule
// stood, each sign-in put them out in the same way.
func (r realm) withdraw(alias string, before, after []Object) error {
	gone := admitted(before)
	for group := range admitted(after) {
		delete(gone, group)
	}
	for _, group := range slices.Sorted(maps.Keys(gone)) {
		if err := r.takeOut(alias, group); err != nil {
			return fmt.Errorf("group %s, to which nobody of %s is admitted any more: %w", group, alias, err)
		}
	}
	return nil
}

// admitted is the groups that mappers make people members of.
func admitted(mappers []Object) map[string]bool {
	groups := map[string]bool{}
	for _, one := range mappers {
		settings, _ := one["config"].(Object)
		if path := text_(settings, "group"); path != "" {
			groups[strings.TrimPrefix(path, "/")] = true
		}
	}
	return groups
}

func (r realm) takeOut(alias, name string) error {
	group, err := r.named("/groups?max=1000&briefRepresentation=true", "name", name)
	if err != nil || group == nil {
		return err
	}
	id := text_(group, "id")
	members, err := r.people("/groups/" + id + "/members")
	if err != nil {
		return err
	}
	theirs, err := r.people("/users?idpAlias=" + url.QueryEscape(alias))
	if err != nil {
		return err
	}
	count := 0
	for person := range theirs {
		if !members[person] {
			continue
		}
		if err := r.do(http.MethodDelete, "/users/"+person+"/groups/"+id, nil, nil); err != nil {
			return err
		}
		count++
	}
	r.say("no rule of federation %s admits to group %s any more: %d of its members are out", alias, name, count)
	return nil
}

// people is the ids of everybody in a list, which Keycloak hands out in pages.
func (r realm) people(path string) (map[string]bool, error) {
	found, separator := map[string]bool{}, "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	for first := 0; ; first += page {
		var part []Object
		query := fmt.Sprintf("%s%sbriefRepresentation=true&first=%d&max=%d", path, separator, first, page)
		if err := r.do(http.MethodGet, query, nil, &part); err != nil {
			return nil, err
		}
		for _, one := range part {
			found[text_(one, "id")] = true
		}
		if len(part) < page {
			return found, nil
		}
	}
}
