package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"
)

func rule(group string) Object {
	return Object{"id": "of-" + group, "identityProviderAlias": "uni", "config": Object{"group": "/" + group}}
}

// people answers for lists of people as Keycloak does: in pages.
func people(ids ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		first, _ := strconv.Atoi(r.FormValue("first"))
		most, _ := strconv.Atoi(r.FormValue("max"))
		part := []Object{}
		for _, id := range ids[min(first, len(ids)):min(first+most, len(ids))] {
			part = append(part, Object{"id": id})
		}
		_ = json.NewEncoder(w).Encode(part)
	}
}

// fake is a realm whose provider has these rules; what is deleted is told.
func fake(t *testing.T, rules []Object, theirs []string) (realm, *[]string) {
	mux, deleted := http.NewServeMux(), &[]string{}
	mappers := "/admin/realms/x/identity-provider/instances/uni/mappers"
	mux.HandleFunc("GET "+mappers, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(rules) })
	mux.HandleFunc("POST "+mappers, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /admin/realms/x/groups", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode([]Object{{"id": "g1", "name": "chem"}, {"id": "g2", "name": "bio"}})
	})
	mux.HandleFunc("GET /admin/realms/x/groups/g1/members", people("ada", "by-hand", "grace"))
	mux.HandleFunc("GET /admin/realms/x/users", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("idpAlias") != "uni" {
			t.Errorf("asked for everybody: %s", r.URL)
		}
		people(theirs...)(w, r)
	})
	mux.HandleFunc("DELETE /", func(_ http.ResponseWriter, r *http.Request) {
		*deleted = append(*deleted, r.URL.Path[len("/admin/realms/x"):])
	})
	listening := httptest.NewServer(mux)
	t.Cleanup(listening.Close)
	api := &API{Server: listening.URL, token: "t", until: time.Now().Add(time.Hour)}
	return realm{context.Background(), api, "/x", func(format string, args ...any) { t.Logf(format, args...) }}, deleted
}

func TestWhomAGoneRuleAdmittedIsOutBeforeTheRuleIs(t *testing.T) {
	realm, deleted := fake(t, []Object{rule("chem"), rule("bio")}, []string{"ada", "grace", "eve"})
	if err := realm.mappers("uni", []Object{rule("bio")}); err != nil {
		t.Fatal(err)
	}
	out := (*deleted)[:2]
	slices.Sort(out)
	if !slices.Equal(out, []string{"/users/ada/groups/g1", "/users/grace/groups/g1"}) {
		t.Errorf("out are %v", out)
	}
	if len(*deleted) != 4 {
		t.Errorf("the rest is the two mappers, made anew: %v", *deleted)
	}
}

func TestARuleThatOnlyChangesPutsNobodyOut(t *testing.T) {
	realm, deleted := fake(t, []Object{rule("chem")}, []string{"ada"})
	changed := rule("chem")
	changed["config"].(Object)["claims"] = "others"
	if err := realm.mappers("uni", []Object{changed}); err != nil {
		t.Fatal(err)
	}
	if len(*deleted) != 1 {
		t.Errorf("it is looked at again at each sign-in: %v", *deleted)
	}
}

func TestEverybodyOfALargeInstitutionIsFound(t *testing.T) {
	var many []string
	for number := range 2*page + 1 {
		many = append(many, fmt.Sprint("person-", number))
	}
	realm, deleted := fake(t, []Object{rule("chem")}, append(many, "grace"))
	if err := realm.mappers("uni", nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(*deleted, "/users/grace/groups/g1") {
		t.Errorf("the last page was not asked for: %v", *deleted)
	}
}
