package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func testConfig() Config {
	return Config{
		URL: "https://registry.x.org:8443", Registry: "http://127.0.0.1:1", Operator: "operators", Days: 30,
		Caches:  []Cache{{Name: "hub", Address: "http://127.0.0.1:1", Upstream: "https://hub.x.org"}},
		Robots:  []Robot{{Name: "ci", Repositories: []string{"climate/*", "hub/*"}, Push: true}, {Name: "reader", Repositories: []string{"climate/*"}}},
		Public:  []string{"public/*"},
		Private: []string{"climate/secret*"},
		Moving:  []string{"latest", "climate/dev*:nightly-*"},
		Reserved: []string{
			"operators", "researchers", "climate",
		},
	}
}

func testSigner(t *testing.T) *Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tls.key")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(path, "registry.x.org:8443")
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// memory is a Store as the database is one.
type memory struct {
	people map[string]Identity
	tokens map[string]Token
}

func newMemory() *memory { return &memory{people: map[string]Identity{}, tokens: map[string]Token{}} }

func (m *memory) Seen(_ context.Context, who Identity) error { m.people[who.Name] = who; return nil }

func (m *memory) Create(_ context.Context, person, label string, hash []byte, expires time.Time) error {
	m.tokens[string(hash)] = Token{ID: int64(len(m.tokens) + 1), Person: person, Label: label, Expires: expires}
	return nil
}

func (m *memory) List(_ context.Context, person string) ([]Token, error) {
	var found []Token
	for _, token := range m.tokens {
		if person == "" || token.Person == person {
			found = append(found, token)
		}
	}
	return found, nil
}

func (m *memory) Revoke(_ context.Context, person string, id int64) error {
	for hash, token := range m.tokens {
		if token.ID == id && (person == "" || token.Person == person) {
			delete(m.tokens, hash)
		}
	}
	return nil
}

func (m *memory) Find(_ context.Context, hash []byte) (Identity, error) {
	token, found := m.tokens[string(hash)]
	if !found || time.Now().After(token.Expires) {
		return Identity{}, errStranger
	}
	return m.people[token.Person], nil
}

func TestWhoMayDoWhat(t *testing.T) {
	config := testConfig()
	everything, read := []string{pull, push, remove}, []string{pull}
	ci, reader := Identity{Name: "ci", Robot: &config.Robots[0]}, Identity{Name: "reader", Robot: &config.Robots[1]}
	alice := Identity{Name: "alice", Groups: []string{"researchers", "climate"}}
	bob := Identity{Name: "bob", Groups: []string{"researchers"}}
	root := Identity{Name: "root", Groups: []string{"operators"}}
	for _, one := range []struct {
		who        Identity
		repository string
		want       []string
	}{
		{alice, "alice/tool", everything},
		{alice, "alice", read}, // a name without a slash is nobody's to push to
		{alice, "climate/model", everything},
		{alice, "climate/secret-model", everything},
		{alice, "bob/tool", read},
		{alice, "alicia/tool", read},
		{bob, "climate/model", read},
		{bob, "climate/secret-model", nil},
		{root, "climate/secret-model", everything},
		{root, "anything", everything},
		{root, "hub/library/base", read},
		{Identity{}, "public/tool", read},
		{Identity{}, "alice/tool", nil},
		{ci, "climate/model", everything},
		{ci, "hub/library/base", read},
		{ci, "alice/tool", nil},
		{ci, "public/tool", read},
		{reader, "climate/model", read},
		{reader, "hub/library/base", nil},
	} {
		if got := config.Actions(one.who, one.repository); !slices.Equal(got, one.want) {
			t.Errorf("%s with %s: %v, want %v", one.who.Name, one.repository, got, one.want)
		}
	}
}

func TestNobodySharesASpace(t *testing.T) {
	config := testConfig()
	seen := map[string]string{}
	for _, user := range []string{
		"alice", "Alice", "ALICE", "alice@x.org", "alice@y.org", "alice-x-org", "climate", "operators", "hub", "ci",
		config.Space("alice@x.org"), config.Space("climate"), "..", "a/b", "ünsal", "",
	} {
		space := config.Space(user)
		if other, taken := seen[space]; taken {
			t.Errorf("%q and %q share the space %s", user, other, space)
		}
		seen[space] = user
		if !component.MatchString(space) {
			t.Errorf("%q: no repository can be below %q", user, space)
		}
		if slices.Contains(config.Reserved, space) || space == "hub" {
			t.Errorf("%q has the space of a group or a cache: %s", user, space)
		}
	}
	if config.Space("alice") != "alice" {
		t.Error("a plain name is its own space")
	}
}

func TestPatterns(t *testing.T) {
	for _, one := range []struct {
		pattern, name string
		want          bool
	}{
		{"a/*", "a/b/c", true}, {"a/*", "a", false}, {"a/*", "ab/c", false}, {"*", "x", true}, {"a", "a", true},
		{"a", "ab", false}, {"*b*d", "abcd", true}, {"*b*d", "adcb", false}, {"ab*ba", "aba", false},
	} {
		if match(one.pattern, one.name) != one.want {
			t.Errorf("%s and %s: want %v", one.pattern, one.name, one.want)
		}
	}
	config := testConfig()
	for name, want := range map[[2]string]bool{
		{"any/thing", "latest"}: true, {"any/thing", "1.0"}: false,
		{"climate/dev-model", "nightly-1"}: true, {"climate/model", "nightly-1"}: false,
	} {
		if config.Moves(name[0], name[1]) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}

func TestATokenSaysWhatItAllowsAndForHowLong(t *testing.T) {
	signer := testSigner(t)
	now := time.Now()
	signer.now = func() time.Time { return now }
	token, _, err := signer.Sign("alice", []Access{{Type: "repository", Name: "hub/base", Actions: []string{pull}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := signer.Check(token, "hub/base", pull); err != nil {
		t.Error(err)
	}
	for what, bad := range map[string]error{
		"another repository": signer.Check(token, "hub/other", pull),
		"another action":     signer.Check(token, "hub/base", push),
		"another signature":  testSigner(t).Check(token, "hub/base", pull),
		"a changed one":      signer.Check(token[:len(token)-8]+"AAAAAAAA", "hub/base", pull),
		"none":               signer.Check("", "hub/base", pull),
	} {
		if bad == nil {
			t.Error(what + " is let in")
		}
	}
	now = now.Add(lifetime + time.Second)
	if signer.Check(token, "hub/base", pull) == nil {
		t.Error("an old token is let in")
	}
}
