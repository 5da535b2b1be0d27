package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhoSeesWhat(t *testing.T) {
	forAll := NewHandler(site, loaded(t, []string{"researchers"}, panel("stat", "x")), prometheus(t, nil))
	forOperators := NewHandler(site, loaded(t, []string{"operators"}, panel("stat", "x")), prometheus(t, nil))
	for _, test := range []struct {
		what    string
		handler http.Handler
		path    string
		groups  string
		code    int
	}{
		{"a researcher sees what is tagged so", forAll, "/d/u", "physics, researchers", 200},
		{"a researcher sees nothing else", forOperators, "/d/u", "researchers", 404},
		{"an operator sees everything", forOperators, "/d/u", "operators", 200},
		{"alerts are for operators", forAll, "/alerts", "researchers", 404},
		{"a name that only begins alike is another group", forOperators, "/d/u", "operators-of-lifts", 404},
		{"who did not come through the gate sees nothing", forAll, "/d/u", "", 404},
		{"nobody is led to a page that is not for them", forOperators, "/", "researchers", 403},
		{"an operator starts at what is wrong", forAll, "/", "operators", 302},
		{"health needs no name", forAll, "/healthz", "", 200},
	} {
		if got := ask(test.handler, test.path, "ada", test.groups).Code; got != test.code {
			t.Errorf("%s: %d, not %d", test.what, got, test.code)
		}
	}
}

func TestAPersonsNameCannotChangeTheQuestion(t *testing.T) {
	var asked []string
	handler := NewHandler(site, loaded(t, []string{"researchers"}, panel("stat", `x{user="${__user.login}"}`)), prometheus(t, &asked))
	ask(handler, "/d/u", `ada"} or y{z="`, "researchers")
	if want := `x{user="ada\"} or y{z=\""}`; len(asked) != 1 || asked[0] != want {
		t.Errorf("asked %q, not %q", asked, want)
	}
}

func TestPagesRunNothingAndAreNotKept(t *testing.T) {
	handler := NewHandler(site, loaded(t, nil, panel("timeseries", "x")), prometheus(t, nil))
	for _, path := range []string{"/d/u", "/alerts"} {
		answer := ask(handler, path, "ada", "operators")
		policy := answer.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		if body := answer.Body.String(); strings.Contains(body, "style=") || strings.Contains(body, "<script") {
			t.Errorf("%s: the policy would stop a part of the page", path)
		}
		if answer.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: one person's page could be shown to another", path)
		}
	}
}
