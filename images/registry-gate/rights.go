package main

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Identity is who asks. Nobody in particular has no name.
type Identity struct {
	Name   string
	Robot  *Robot   // what the site file says of it, for a program
	Groups []string // of a person
}

const pull, push, remove = "pull", "push", "delete"

// Actions is what somebody may do with a repository, in the words of the
// distribution specification.
func (c Config) Actions(who Identity, repository string) []string {
	cached := c.cacheOf(repository) != nil
	switch {
	case who.Robot != nil:
		if matches(who.Robot.Repositories, repository) {
			return allowed(true, who.Robot.Push && !cached)
		}
	case who.Name != "":
		if slices.Contains(who.Groups, c.Operator) || c.owns(who, repository) {
			return allowed(true, !cached)
		}
		return allowed(!matches(c.Private, repository), false)
	}
	return allowed(matches(c.Public, repository), false)
}

func allowed(mayPull, mayPush bool) []string {
	switch {
	case mayPush:
		return []string{pull, push, remove}
	case mayPull:
		return []string{pull}
	}
	return nil
}

// owns says whether a repository is in the person's space or in one of a group of
// theirs. A name without a slash is in nobody's.
func (c Config) owns(who Identity, repository string) bool {
	space, _, below := strings.Cut(repository, "/")
	return below && (space == c.Space(who.Name) || slices.Contains(who.Groups, space))
}

var (
	component = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)
	hashed    = regexp.MustCompile(`-[0-9a-f]{12}$`)
	others    = regexp.MustCompile(`[^a-z0-9]+`)
)

// Space is the first part of the names of a person's repositories: the user's
// name, where it can be part of one and is not taken, else that and a hash. Two
// people never share one: a name that looks like a hashed one is hashed as well.
func (c Config) Space(user string) string {
	if len(user) <= 64 && component.MatchString(user) && !hashed.MatchString(user) &&
		!slices.Contains(c.Reserved, user) && c.cacheOf(user+"/") == nil {
		return user
	}
	plain := strings.Trim(others.ReplaceAllString(strings.ToLower(user), "-"), "-")
	return strings.TrimLeft(fmt.Sprintf("%.40s-%.6x", plain, sha256.Sum256([]byte(user))), "-")
}

// cacheOf is the cache that a repository is in, if it is in one.
func (c Config) cacheOf(repository string) *Cache {
	name, _, _ := strings.Cut(repository, "/")
	for i := range c.Caches {
		if c.Caches[i].Name == name {
			return &c.Caches[i]
		}
	}
	return nil
}

// Moves says whether a tag promises nothing: it may be moved and deleted.
// Patterns are `tag` or `repository:tag`.
func (c Config) Moves(repository, tag string) bool {
	for _, pattern := range c.Moving {
		where, what, both := strings.Cut(pattern, ":")
		if !both {
			where, what = "*", pattern
		}
		if match(where, repository) && match(what, tag) {
			return true
		}
	}
	return false
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, name) })
}

// match knows `*`, which stands for anything, slashes too.
func match(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(name, part)
		if at < 0 {
			return false
		}
		name = name[at+len(part):]
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}
