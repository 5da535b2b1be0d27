package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
)

// Dashboard is the part of Grafana's format that is shown here.
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
type Dashboard struct {
	UID         string   `json:"uid"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Tags        []string `json:"tags"`
	Panels      []Panel  `json:"panels"`
	Time        struct {
		From string `json:"from"`
	} `json:"time"`
}

// Panel is one part of a dashboard.
type Panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Grid        struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []Target `json:"targets"`
	Field   struct {
		Defaults Field `json:"defaults"`
		// Overrides are for one column of a table each.
		Overrides []struct {
			Matcher struct {
				ID      string `json:"id"`
				Options string `json:"options"`
			} `json:"matcher"`
			Properties []struct {
				ID    string          `json:"id"`
				Value json.RawMessage `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Options struct {
		Content string `json:"content"`
	} `json:"options"`
	Transformations []struct {
		ID      string `json:"id"`
		Options struct {
			Rename  map[string]string `json:"renameByName"`
			Exclude map[string]bool   `json:"excludeByName"`
			Index   map[string]int    `json:"indexByName"`
		} `json:"options"`
	} `json:"transformations"`
}

// Target is one question to Prometheus.
type Target struct {
	RefID  string `json:"refId"`
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat"`
}

// Field says how a value is written and judged.
type Field struct {
	Unit       string   `json:"unit"`
	Decimals   *int     `json:"decimals"`
	Min        *float64 `json:"min"`
	Max        *float64 `json:"max"`
	NoValue    string   `json:"noValue"`
	Thresholds struct {
		Steps []struct {
			Color string   `json:"color"`
			Value *float64 `json:"value"`
		} `json:"steps"`
	} `json:"thresholds"`
	Mappings []struct {
		Type    string `json:"type"`
		Options map[string]struct {
			Text  string `json:"text"`
			Color string `json:"color"`
		} `json:"options"`
	} `json:"mappings"`
	Custom struct {
		Stacking struct {
			Mode string `json:"mode"`
		} `json:"stacking"`
	} `json:"custom"`
}

// Types of panels that are drawn. A file with another one is refused: what
// Grafana shows and this does not would be missed by nobody.
var panelTypes = []string{"bargauge", "row", "stat", "table", "text", "timeseries"}

// LoadDashboards reads every .json file of a folder, sorted by title.
func LoadDashboards(folder string) ([]*Dashboard, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no dashboard in %s", folder)
	}
	var all []*Dashboard
	known := map[string]string{}
	for _, name := range names {
		dashboard, err := loadDashboard(name)
		if err != nil {
			return nil, err
		}
		if other := known[dashboard.UID]; other != "" {
			return nil, fmt.Errorf("%s and %s have the same uid %q", other, name, dashboard.UID)
		}
		known[dashboard.UID] = name
		all = append(all, dashboard)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Title < all[j].Title })
	return all, nil
}

func loadDashboard(name string) (*Dashboard, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var dashboard Dashboard
	if err := json.Unmarshal(content, &dashboard); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if dashboard.UID == "" || dashboard.Title == "" {
		return nil, fmt.Errorf("%s: a dashboard has a `uid` and a `title`", name)
	}
	for _, panel := range dashboard.Panels {
		if !slices.Contains(panelTypes, panel.Type) {
			return nil, fmt.Errorf("%s: panel %q is of type %q; here are drawn: %v", name, panel.Title, panel.Type, panelTypes)
		}
		if panel.Grid.W < 1 || panel.Grid.W > 24 {
			return nil, fmt.Errorf("%s: panel %q is %d of 24 columns wide", name, panel.Title, panel.Grid.W)
		}
	}
	return &dashboard, nil
}

// column is how the values of one column are written: the panel's defaults and
// what is said of that column alone.
func (p *Panel) column(name string) Field {
	field := p.Field.Defaults
	for _, override := range p.Field.Overrides {
		if override.Matcher.ID != "byName" || override.Matcher.Options != name {
			continue
		}
		for _, property := range override.Properties {
			switch property.ID {
			case "unit":
				_ = json.Unmarshal(property.Value, &field.Unit)
			case "decimals":
				_ = json.Unmarshal(property.Value, &field.Decimals)
			}
		}
	}
	return field
}
