package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const document = "https://uni.example.org/.well-known/openid-configuration"

// server answers as Keycloak does where providers are made. What a provider's
// document says is `told`; without it the document cannot be read.
func server(t *testing.T, told Object, instances map[string]Object) realm {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, value any) { _ = json.NewEncoder(w).Encode(value) }
	body := func(r *http.Request) (sent Object) { _ = json.NewDecoder(r.Body).Decode(&sent); return }
	const base = "/admin/realms/x/identity-provider"
	mux.HandleFunc("POST "+base+"/import-config", func(w http.ResponseWriter, r *http.Request) {
		if told == nil || body(r)["fromUrl"] != document {
			http.Error(w, `{"error":"unknown_error"}`, http.StatusInternalServerError)
			return
		}
		answer(w, told)
	})
	mux.HandleFunc("GET "+base+"/instances", func(w http.ResponseWriter, _ *http.Request) { answer(w, []Object{}) })
	mux.HandleFunc("POST "+base+"/instances", func(_ http.ResponseWriter, r *http.Request) {
		sent := body(r)
		instances[text_(sent, "alias")] = sent
	})
	mux.HandleFunc("GET "+base+"/instances/{alias}", func(w http.ResponseWriter, r *http.Request) {
		if found, there := instances[r.PathValue("alias")]; there {
			answer(w, found)
		} else {
			http.NotFound(w, r)
		}
	})
	mux.HandleFunc("PUT "+base+"/instances/{alias}", func(_ http.ResponseWriter, r *http.Request) {
		instances[r.PathValue("alias")] = body(r)
	})
	mux.HandleFunc("GET "+base+"/instances/{alias}/mappers", func(w http.ResponseWriter, _ *http.Request) { answer(w, []Object{}) })
	listening := httptest.NewServer(mux)
	t.Cleanup(listening.Close)
	api := &API{Server: listening.URL, token: "t", until: time.Now().Add(time.Hour)}
	return realm{context.Background(), api, "/x", func(format string, args ...any) { t.Logf(format, args...) }}
}

func provider(alias, url string) Object {
	settings := Object{"issuer": "https://uni.example.org"}
	if url != "" {
		settings["metadataDescriptorUrl"] = url
	}
	return Object{"alias": alias, "providerId": "oidc", "config": settings}
}

func told() Object {
	return Object{"issuer": "https://uni.example.org", "authorizationUrl": "https://uni.example.org/auth", "logoutUrl": "no"}
}

func TestAddressesAreReadFromTheProvidersDocument(t *testing.T) {
	made := map[string]Object{}
	if err := server(t, told(), made).providers(Desired{Providers: []Object{provider("uni", document)}}); err != nil {
		t.Fatal(err)
	}
	settings := made["uni"]["config"].(Object)
	if settings["authorizationUrl"] != "https://uni.example.org/auth" || settings[managed] != "true" {
		t.Errorf("without its address nobody can be led there: %v", settings)
	}
	if _, there := settings["logoutUrl"]; there {
		t.Error("who leaves this site stays signed in at the institution")
	}
}

func TestAProviderThatIsAwayKeepsItsAddressesAndNoOtherFromBeingMade(t *testing.T) {
	made := map[string]Object{}
	if err := server(t, told(), made).providers(Desired{Providers: []Object{provider("uni", document)}}); err != nil {
		t.Fatal(err)
	}
	wanted := []Object{provider("new", document+"/other"), provider("uni", document), provider("fixed", "")}
	err := server(t, nil, made).providers(Desired{Providers: wanted})
	if err == nil || !strings.Contains(err.Error(), "federation new: Keycloak cannot read "+document+"/other") {
		t.Errorf("the one that never worked is named: %v", err)
	}
	if strings.Contains(fmt.Sprint(err), "federation uni") {
		t.Errorf("one that worked goes on: %v", err)
	}
	if made["uni"]["config"].(Object)["authorizationUrl"] != "https://uni.example.org/auth" {
		t.Errorf("it lost its address: %v", made["uni"])
	}
	if made["fixed"] == nil || made["new"] != nil {
		t.Errorf("made: %v", made)
	}
}

func TestTheDocumentOfSomebodyElseIsRefused(t *testing.T) {
	other := told()
	other["issuer"] = "https://evil.example.org"
	made := map[string]Object{}
	err := server(t, other, made).providers(Desired{Providers: []Object{provider("uni", document)}})
	if err == nil || !strings.Contains(err.Error(), `is of "https://evil.example.org"`) || len(made) > 0 {
		t.Errorf("%v, made %v", err, made)
	}
}
