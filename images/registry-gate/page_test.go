package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

type parts struct {
	handler http.Handler
	store   *memory
}

// registryStub knows two repositories, and one tag in each.
func registryStub() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v2/_catalog":
			_, _ = w.Write([]byte(`{"repositories": ["alice/tool", "climate/secret-<b>"]}`))
		case strings.HasSuffix(r.URL.Path, "/tags/list"):
			_, _ = w.Write([]byte(`{"tags": ["1.0", "latest"]}`))
		case strings.Contains(r.URL.Path, "/manifests/"):
			_, _ = w.Write([]byte(`{"config": {"size": 1000}, "layers": [{"size": 5242880}]}`))
		}
	}))
}

func serving(t *testing.T) parts {
	stub := registryStub()
	t.Cleanup(stub.Close)
	config, signer, store := testConfig(), testSigner(t), newMemory()
	config.Registry = stub.URL
	upstream := NewUpstream(stub.URL, signer)
	proxy, err := NewProxy(config, signer, config.Host(), NewWindow(0), upstream)
	if err != nil {
		t.Fatal(err)
	}
	desk := &Desk{config: config, signer: signer, robots: map[string]string{"ci": "a-robots-secret-x"}, tokens: store, service: config.Host()}
	return parts{routes(proxy, desk, &Page{config: config, tokens: store, upstream: upstream}), store}
}

func (p parts) ask(method, path, user, groups string, form url.Values, head ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		request.Header.Set("X-Auth-Request-User", user)
		request.Header.Set("X-Auth-Request-Groups", groups)
	}
	for i := 0; i+1 < len(head); i += 2 {
		request.Header.Set(head[i], head[i+1])
	}
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, request)
	return answer
}

var shown = regexp.MustCompile(`arcos_[A-Za-z0-9_-]{43}`)

func (p parts) make(t *testing.T, user, groups string) string {
	t.Helper()
	answer := p.ask("POST", "/access/create", user, groups, url.Values{"label": {"laptop"}})
	token := shown.FindString(answer.Body.String())
	if token == "" {
		t.Fatal("no token is shown:", answer.Code, answer.Body)
	}
	return token
}

func (p parts) token(name, secret, scope string) (int, []Access) {
	request := httptest.NewRequest("GET", "/token?service=registry.x.org:8443&scope="+url.QueryEscape(scope), nil)
	request.SetBasicAuth(name, secret)
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, request)
	var told struct{ Token string }
	_ = json.Unmarshal(answer.Body.Bytes(), &told)
	if told.Token == "" {
		return answer.Code, nil
	}
	body, _ := encoding.DecodeString(strings.Split(told.Token, ".")[1])
	var said claims
	_ = json.Unmarshal(body, &said)
	return answer.Code, said.Access
}

func TestAPersonalTokenDoesWhatThePersonMay(t *testing.T) {
	p := serving(t)
	secret := p.make(t, "alice", "researchers,climate")
	for hash := range p.store.tokens {
		if strings.Contains(hash, secret) {
			t.Error("the token itself is kept")
		}
	}
	code, access := p.token("alice", secret, "repository:climate/model:pull,push repository:bob/x:pull,push")
	if code != 200 || len(access) != 2 || len(access[0].Actions) != 2 || len(access[1].Actions) != 1 {
		t.Error(code, access)
	}
	if code, _ := p.token("bob", secret, "repository:bob/x:push"); code != 401 {
		t.Error("somebody else's name with this token:", code)
	}
	p.ask("GET", "/", "alice", "researchers", nil)
	if _, access := p.token("alice", secret, "repository:climate/model:push"); len(access) != 0 {
		t.Error("who left a group still pushes to it:", access)
	}
	p.ask("POST", "/access/revoke", "bob", "researchers", url.Values{"id": {"1"}})
	if code, _ := p.token("alice", secret, ""); code != 200 {
		t.Error("somebody else revoked it")
	}
	p.ask("POST", "/access/revoke", "alice", "researchers", url.Values{"id": {"1"}})
	if code, _ := p.token("alice", secret, ""); code != 401 {
		t.Error("a revoked token gets in:", code)
	}
}

func TestAnOldTokenEnds(t *testing.T) {
	p := serving(t)
	secret := p.make(t, "alice", "researchers")
	for hash, token := range p.store.tokens {
		token.Expires = time.Now().Add(-time.Second)
		p.store.tokens[hash] = token
	}
	if code, _ := p.token("alice", secret, ""); code != 401 {
		t.Error(code)
	}
}

func TestWrongSecretsGetNothing(t *testing.T) {
	p := serving(t)
	for _, secret := range []string{"", "wrong", tokenPrefix, "a-robots-secret-"} {
		if code, _ := p.token("ci", secret, ""); code != 401 {
			t.Errorf("%q: %d", secret, code)
		}
	}
	if code, access := p.token("ci", "a-robots-secret-x", "repository:climate/x:*"); code != 200 || len(access) != 1 {
		t.Error("the right one:", code, access)
	}
}

func TestNobodyIsShownAPageUnasked(t *testing.T) {
	p := serving(t)
	for _, path := range []string{"/", "/repository?name=alice/tool"} {
		if answer := p.ask("GET", path, "", "", nil); answer.Code != 403 {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
}

func TestThePageShowsWhatSomebodyMayPull(t *testing.T) {
	p := serving(t)
	bob := p.ask("GET", "/", "bob", "researchers", nil).Body.String()
	if !strings.Contains(bob, "alice/tool") || strings.Contains(bob, "secret-") {
		t.Error(bob)
	}
	alice := p.ask("GET", "/", "alice", "climate", nil).Body.String()
	if !strings.Contains(alice, "secret-&lt;b&gt;") {
		t.Error("a name is written as text, whatever it is:", alice)
	}
	tags := p.ask("GET", "/repository?name=alice/tool", "bob", "researchers", nil).Body.String()
	if !strings.Contains(tags, "5.0 MiB") || !strings.Contains(tags, "may move") || !strings.Contains(tags, "stays as it is") {
		t.Error(tags)
	}
	for _, name := range []string{"climate/secret-x", "../x", "", "a?b"} {
		if code := p.ask("GET", "/repository?name="+url.QueryEscape(name), "bob", "researchers", nil).Code; code != 404 {
			t.Errorf("%q: %d", name, code)
		}
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	p := serving(t)
	form := url.Values{"label": {"x"}}
	for _, head := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.org"}} {
		if answer := p.ask("POST", "/access/create", "alice", "researchers", form, head...); answer.Code != 403 {
			t.Errorf("%v: %d", head, answer.Code)
		}
	}
	if len(p.store.tokens) != 0 {
		t.Error("a token was made")
	}
}

func TestPagesLoadNothingAndKeepNothing(t *testing.T) {
	head := serving(t).ask("GET", "/", "alice", "", nil).Header()
	if !strings.HasPrefix(head.Get("Content-Security-Policy"), "default-src 'none'") || head.Get("Cache-Control") != "no-store" {
		t.Error(head)
	}
}

func TestWhatIsNoAddressOfARegistryNeverReachesIt(t *testing.T) {
	p := serving(t)
	for _, path := range []string{"/v2/a/manifests/1%2e0", "/v2//a/manifests/1", "/v2/A/manifests/1", "/v2/a/../b/tags/list", "/v2/a/blobs/uploads/x/y"} {
		if answer := p.ask("GET", path, "", "", nil); answer.Code != 404 {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, path := range []string{"/v2/a/manifests/" + digest, "/v2/a/blobs/" + digest} {
		if answer := p.ask("DELETE", path, "", "", nil); answer.Code != 405 {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	if answer := p.ask("GET", "/v2/hub/base/tags/list", "", "", nil); answer.Code != 401 || answer.Header().Get("WWW-Authenticate") == "" {
		t.Error("a cache knows nobody, so the gate must ask:", answer.Code)
	}
}
