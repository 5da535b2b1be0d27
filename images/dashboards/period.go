package main

import (
	"net/http"
	"strings"
	"time"
)

// Period is a stretch of time that ends now.
type Period struct {
	Name, Title string
	Length      time.Duration
}

// The periods that people choose from; a dashboard opens with its own.
var periods = []Period{
	{"1h", "1 hour", time.Hour},
	{"6h", "6 hours", 6 * time.Hour},
	{"24h", "1 day", 24 * time.Hour},
	{"7d", "7 days", 7 * 24 * time.Hour},
	{"30d", "30 days", 30 * 24 * time.Hour},
}

// Points of a line at most: more than a screen shows.
const most = 120

func period(r *http.Request, d *Dashboard) Period {
	for _, name := range []string{r.URL.Query().Get("range"), strings.TrimPrefix(d.Time.From, "now-")} {
		for _, one := range periods {
			if one.Name == name {
				return one
			}
		}
	}
	return periods[2]
}

// step between two points of a line; never shorter than Prometheus looks.
func (p Period) step() time.Duration { return max(p.Length/most, 30*time.Second) }

// fill puts values in the places that Grafana's variables of these names hold.
// https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables
func (p Period) fill(expr, user string) string {
	name := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(user)
	return strings.NewReplacer(
		"$__range", whole(p.Length),
		"$__rate_interval", whole(max(p.step(), 4*30*time.Second)),
		"$__interval", whole(p.step()),
		"${__user.login}", name,
	).Replace(expr)
}

func whole(length time.Duration) string {
	return number(length.Seconds(), 0) + "s"
}
