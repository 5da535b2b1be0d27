package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestThePlatformsOwnDashboardsAreDrawn(t *testing.T) {
	dashboards, err := LoadDashboards("../../apps/monitoring/dashboards")
	if err != nil {
		t.Fatal(err)
	}
	handler := NewHandler(site, dashboards, prometheus(t, nil))
	for _, dashboard := range dashboards {
		answer := ask(handler, "/d/"+dashboard.UID, "ada", "operators")
		if body := answer.Body.String(); answer.Code != 200 || strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: %d %s", dashboard.UID, answer.Code, body)
		}
		for _, panel := range dashboard.Panels {
			if !styled(t, panel) {
				t.Errorf("%s: style.css has no width for panel %q", dashboard.UID, panel.Title)
			}
		}
	}
}

func styled(t *testing.T, panel Panel) bool {
	t.Helper()
	sheet, err := os.ReadFile("style.css")
	if err != nil {
		t.Fatal(err)
	}
	return panel.Grid.W == 24 || strings.Contains(string(sheet), ".w"+plain(float64(panel.Grid.W), 0)+" ")
}

func TestEachKindOfPanelShowsItsValue(t *testing.T) {
	for kind, part := range map[string]string{
		"stat":       "<strong>3</strong>",
		"bargauge":   `<span class="name">physics</span><span class="value">3</span>`,
		"table":      `<td class="number">3</td>`,
		"timeseries": `&lt;b&gt;</th><td>no value</td><td>1</td>`,
	} {
		handler := NewHandler(site, loaded(t, nil, panel(kind, "x")), prometheus(t, nil))
		if body := ask(handler, "/d/u", "ada", "operators").Body.String(); !strings.Contains(body, part) {
			t.Errorf("%s: the page lacks %s:\n%s", kind, part, body)
		}
	}
}

func TestAFileThatIsNotShownWholeIsRefused(t *testing.T) {
	for what, dashboard := range map[string]map[string]any{
		`is of type "heatmap"`:  {"uid": "u", "title": "U", "panels": []any{panel("heatmap", "x")}},
		"a `uid` and a `title`": {"title": "U"},
	} {
		if _, err := LoadDashboards(written(t, dashboard)); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := LoadDashboards(t.TempDir()); err == nil {
		t.Error("an empty folder is a mistake, not a site without dashboards")
	}
}

func TestAPanelSaysWhyItIsEmpty(t *testing.T) {
	handler := NewHandler(site, loaded(t, nil, panel("stat", "x")), NewPrometheus("http://127.0.0.1:1"))
	answer := ask(handler, "/d/u", "ada", "operators")
	if answer.Code != 200 || !strings.Contains(answer.Body.String(), "Prometheus does not answer") {
		t.Errorf("%d %s", answer.Code, answer.Body.String())
	}
}

func TestAlertsComeWithWhatToDoTheWorstFirst(t *testing.T) {
	handler := NewHandler(site, loaded(t, nil, panel("stat", "x")), prometheus(t, nil))
	body := ask(handler, "/alerts", "ada", "operators").Body.String()
	if !strings.Contains(body, `<a href="/runbooks/Odd">What to do`) || !strings.Contains(body, "It is &lt;odd&gt;.") {
		t.Error("an alert says what it means and what to do:", body)
	}
	if strings.Contains(body, "Watchdog") {
		t.Error("the dead man's switch always fires: it is nothing that is wrong")
	}
	if strings.Index(body, "<h2>Odd") > strings.Index(body, "<h2>Slow") {
		t.Error("what fires comes before what may")
	}
}

func TestARunbookIsReadOnTheSiteItself(t *testing.T) {
	handler := NewHandler(site, loaded(t, nil, panel("stat", "x")), prometheus(t, nil))
	body := ask(handler, "/runbooks/Odd", "ada", "operators").Body.String()
	for _, part := range []string{"<p>Run <code>x &lt;y&gt;</code>; see there.</p>", "<pre>kubectl &lt;get&gt;</pre>"} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %s:\n%s", part, body)
		}
	}
	for groups, path := range map[string]string{"researchers": "/runbooks/Odd", "operators": "/runbooks/None"} {
		if code := ask(handler, path, "ada", groups).Code; code != 404 {
			t.Errorf("%s of %s: %d", path, groups, code)
		}
	}
}

func TestASummaryIsReadableWithoutAnAlert(t *testing.T) {
	if said := plainly("The node {{ $labels.node }} has {{ $value | humanizePercentage }} left."); said != "The node [node] has [value] left." {
		t.Error(said)
	}
}

func TestValuesAreWrittenForPeople(t *testing.T) {
	two := 2
	for want, got := range map[string]string{
		"1.5 GiB":    write(1.5*(1<<30), Field{Unit: "bytes"}),
		"42 %":       write(0.42, Field{Unit: "percentunit"}),
		"50 ms":      write(0.05, Field{Unit: "s"}),
		"3 h":        write(3*3600, Field{Unit: "s"}),
		"1234":       write(1234.4, Field{}),
		"0.50":       write(0.5, Field{Decimals: &two}),
		"none":       write(math.NaN(), Field{NoValue: "none"}),
		"no value":   write(math.Inf(1), Field{}),
		"25 h 0 min": since(time.Unix(0, 0), time.Unix(25*3600, 0)),
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestALineIsBrokenWhereValuesAreMissing(t *testing.T) {
	same := func(value float64) float64 { return value }
	path := outline([]Point{{0, 1}, {10, 2}, {50, 3}}, same, same, 10*time.Second)
	if strings.Count(path, "M") != 2 {
		t.Errorf("%s bridges a gap that nobody measured", path)
	}
}

func TestStackedLinesAddUp(t *testing.T) {
	series := stack([]Series{{Points: []Point{{0, 1}, {1, 2}}}, {Points: []Point{{0, 3}, {1, math.NaN()}}}})
	if series[1].Points[0].V != 4 || series[1].Points[1].V != 2 {
		t.Errorf("%v", series[1].Points)
	}
}

func TestAMistakenConfigurationIsRefused(t *testing.T) {
	for content, why := range map[string]string{
		`{"prometheus": "http://p:9090", "operators": "operators", "colour": "red"}`: "colour",
		`{"prometheus": "p:9090", "operators": "operators"}`:                         "no http address",
		`{"prometheus": "http://p:9090"}`:                                            "names no group",
	} {
		file := filepath.Join(t.TempDir(), "site.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSite(file); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", content, err)
		}
	}
}
