package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

var site = Site{
	Title: "Queensland <node>", Contact: "ops@example.edu.au", Home: "https://qld.example.edu.au/",
	Operators: "operators", Researchers: "researchers", SignOut: "/oauth2/sign-out",
	Runbooks: map[string]string{"Odd": "Run `x <y>`; see [there](../x.md).\n\n```sh\nkubectl <get>\n```"},
}

// prometheus answers every question with one series, and remembers the questions.
func prometheus(t *testing.T, asked *[]string) *Prometheus {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if asked != nil {
			*asked = append(*asked, query.Get("query"))
		}
		switch r.URL.Path {
		case "/api/v1/query":
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[
				{"metric":{"group":"physics","user":"ada"},"value":[1700000000,"3"]}]}}`)
		case "/api/v1/query_range":
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[
				{"metric":{"group":"<b>"},"values":[[%s,"1"],[%s,"NaN"]]}]}}`, query.Get("start"), query.Get("end"))
		case "/api/v1/rules":
			fmt.Fprint(w, `{"status":"success","data":{"groups":[{"rules":[
				{"name":"Watchdog","state":"firing","health":"ok","labels":{"severity":"none"},"alerts":[{"state":"firing"}]},
				{"name":"Slow","state":"pending","health":"ok","labels":{"severity":"critical"},"alerts":[
					{"labels":{"severity":"critical"},"state":"pending","activeAt":"2026-11-24T10:00:00Z"}]},
				{"name":"Odd","state":"firing","health":"ok","labels":{"severity":"warning"},"alerts":[
					{"labels":{"severity":"warning","pod":"x-0"},"state":"firing","activeAt":"2026-11-24T10:00:00Z",
					 "annotations":{"summary":"It is <odd>."}}]}
			]}]}}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return NewPrometheus(server.URL)
}

// written is a folder with one dashboard.
func written(t *testing.T, dashboard map[string]any) string {
	t.Helper()
	content, err := json.Marshal(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "one.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func loaded(t *testing.T, tags []string, panels ...map[string]any) []*Dashboard {
	t.Helper()
	dashboards, err := LoadDashboards(written(t, map[string]any{"uid": "u", "title": "U", "tags": tags, "panels": panels}))
	if err != nil {
		t.Fatal(err)
	}
	return dashboards
}

func panel(kind, expr string) map[string]any {
	return map[string]any{
		"id": 1, "type": kind, "title": "P", "gridPos": map[string]int{"w": 12},
		"targets": []map[string]string{{"refId": "A", "expr": expr, "legendFormat": "{{group}}"}},
	}
}

func ask(handler http.Handler, path, user, groups string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, path, nil)
	if groups != "" {
		request.Header.Set(groupsHeader, groups)
		request.Header.Set(userHeader, user)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}
