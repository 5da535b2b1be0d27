package main

import (
	"fmt"
	"time"
)

// View is what one showing of the page says.
type View struct {
	Site     Site          `json:"-"`
	Summary  string        `json:"summary"`
	Overall  State         `json:"overall"`
	Checked  string        `json:"checked"` // RFC 3339, or "" before the first round
	When     string        `json:"when"`    // the same in words
	Services []ServiceView `json:"services"`
}

// ServiceView is one service as the public sees it.
type ServiceView struct {
	Service     `json:"-"`
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	State       State  `json:"state"`
	Says        string `json:"says"` // the state in words
	Reason      string `json:"reason"`
}

// words are how a state reads on the page.
var words = map[State]string{
	Checking:    "Checking",
	Healthy:     "Healthy",
	Unreachable: "Unreachable",
	Unchecked:   "Not checked",
}

func newView(site Site, monitor *Monitor) View {
	health, checked := monitor.Health()
	view := View{Site: site, When: "The first check is running.", Services: make([]ServiceView, len(site.Services))}
	if !checked.IsZero() {
		view.Checked = checked.UTC().Format(time.RFC3339)
		view.When = checked.UTC().Format("Last checked at 15:04:05 UTC.")
	}
	for i, service := range site.Services {
		view.Services[i] = ServiceView{
			Service:     service,
			Title:       service.Title,
			Description: service.Description,
			URL:         service.URL,
			State:       health[i].State,
			Says:        words[health[i].State],
			Reason:      health[i].Reason,
		}
	}
	view.Overall, view.Summary = summarise(health)
	return view
}

// summarise says all states in one sentence.
func summarise(health []Health) (State, string) {
	count := map[State]int{}
	for _, h := range health {
		count[h.State]++
	}
	checked := len(health) - count[Unchecked]
	switch bad := count[Unreachable]; {
	case checked == 0:
		return Unchecked, ""
	case bad == 1 && checked == 1:
		return Unreachable, "The service is unreachable"
	case bad == checked:
		return Unreachable, "No service can be reached"
	case bad == 1:
		return Unreachable, fmt.Sprintf("1 of %d services is unreachable", checked)
	case bad > 1:
		return Unreachable, fmt.Sprintf("%d of %d services are unreachable", bad, checked)
	case count[Checking] > 0:
		return Checking, "Checking the services"
	case checked == 1:
		return Healthy, "The service is healthy"
	default:
		return Healthy, fmt.Sprintf("All %d services are healthy", checked)
	}
}
