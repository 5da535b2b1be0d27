package main

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// Lines of a chart, and bars, at most; rows of a table at most. What is left
// out is said.
const mostLines, mostRows = colours, 100

// PanelView is what the page shows of a panel.
type PanelView struct {
	Panel
	Error   string
	Empty   bool
	Stats   []Stat
	Chart   *Chart
	Legend  []Entry
	Bars    []Bar
	Columns []Cell
	Rows    [][]Cell
	LeftOut int
	Text    []string
}

// Stat is one large number.
type Stat struct{ Name, Value, Tone, Says string }

// Entry is one line of a chart in words.
type Entry struct {
	Colour              int
	Name, Last, Highest string
}

// Bar is a value as a length between 0 and 100.
type Bar struct {
	Name, Value, Tone string
	Length            float64
}

// Cell of a table.
type Cell struct {
	Text   string
	Number bool
}

// look asks all that a dashboard needs at once and keeps the panels' order.
func look(ctx context.Context, d *Dashboard, prometheus *Prometheus, period Period, user string, now time.Time) []PanelView {
	views := make([]PanelView, len(d.Panels))
	var all sync.WaitGroup
	for number := range d.Panels {
		all.Go(func() { views[number] = view(ctx, d.Panels[number], prometheus, period, user, now) })
	}
	all.Wait()
	sort.SliceStable(views, func(i, j int) bool {
		a, b := views[i].Grid, views[j].Grid
		return a.Y < b.Y || (a.Y == b.Y && a.X < b.X)
	})
	return views
}

func view(ctx context.Context, panel Panel, prometheus *Prometheus, period Period, user string, now time.Time) PanelView {
	made := PanelView{Panel: panel}
	switch panel.Type {
	case "row":
		return made
	case "text":
		made.Text = paragraphs(panel.Options.Content)
		return made
	}
	answers := make([][]Series, len(panel.Targets))
	for number, target := range panel.Targets {
		expr := period.fill(target.Expr, user)
		var err error
		if panel.Type == "timeseries" {
			// Times are whole steps, so that reloading moves no line.
			to := now.Truncate(period.step())
			answers[number], err = prometheus.Range(ctx, expr, to.Add(-period.Length), to, period.step())
		} else {
			answers[number], err = prometheus.Now(ctx, expr, now)
		}
		if err != nil {
			made.Error = err.Error()
			return made
		}
	}
	made.show(answers, period, now)
	return made
}

func (v *PanelView) show(answers [][]Series, period Period, now time.Time) {
	if v.Type == "table" {
		v.table(answers)
		return
	}
	var series []Series
	var names []string
	for number, answer := range answers {
		for _, one := range answer {
			if len(one.Points) > 0 {
				series = append(series, one)
				names = append(names, legend(v.Targets[number].Legend, one.Labels))
			}
		}
	}
	series, names = v.keep(series, names)
	field := v.Field.Defaults
	if len(series) == 0 && v.Type == "stat" && field.NoValue != "" {
		v.Stats = []Stat{{Value: field.NoValue, Tone: "plain"}}
		return
	}
	v.Empty = len(series) == 0
	if v.Empty {
		return
	}
	switch v.Type {
	case "stat":
		v.stats(series, names)
	case "bargauge":
		v.bars(series, names)
	case "timeseries":
		to := now.Truncate(period.step())
		chart := draw(v.Grid.W, series, field, to.Add(-period.Length), to, period.step())
		chart.Title, chart.Summary = v.Title, fmt.Sprintf("%d lines over %s; their last and highest values are in the table below.", len(series), period.Title)
		v.Chart = &chart
		for number, one := range series {
			last := one.Points[len(one.Points)-1].V
			v.Legend = append(v.Legend, Entry{number % colours, names[number], write(last, field), write(highest(one), field)})
		}
	}
}

// keep takes the largest, where there are more than can be told apart.
func (v *PanelView) keep(series []Series, names []string) ([]Series, []string) {
	if len(series) <= mostLines {
		return series, names
	}
	order := make([]int, len(series))
	for number := range order {
		order[number] = number
	}
	sort.SliceStable(order, func(i, j int) bool { return highest(series[order[i]]) > highest(series[order[j]]) })
	v.LeftOut = len(series) - mostLines
	order = order[:mostLines]
	var kept []Series
	var keptNames []string
	for _, number := range order {
		kept, keptNames = append(kept, series[number]), append(keptNames, names[number])
	}
	return kept, keptNames
}

func (v *PanelView) stats(series []Series, names []string) {
	for number, one := range series {
		value := one.Points[len(one.Points)-1].V
		made := judge(value, v.Field.Defaults)
		stat := Stat{Value: write(value, v.Field.Defaults), Tone: made, Says: says(made)}
		if len(series) > 1 {
			stat.Name = names[number]
		}
		v.Stats = append(v.Stats, stat)
	}
}

func (v *PanelView) bars(series []Series, names []string) {
	largest := 0.0
	for _, one := range series {
		largest = max(largest, one.Points[0].V)
	}
	if v.Field.Defaults.Max != nil {
		largest = *v.Field.Defaults.Max
	}
	for number, one := range series {
		value := one.Points[0].V
		length := 0.0
		if largest > 0 && !math.IsNaN(value) {
			length = math.Round(min(max(value/largest, 0), 1)*1000) / 10
		}
		v.Bars = append(v.Bars, Bar{names[number], write(value, v.Field.Defaults), judge(value, v.Field.Defaults), length})
	}
	sort.SliceStable(v.Bars, func(i, j int) bool { return v.Bars[i].Length > v.Bars[j].Length })
}

var variable = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// legend fills the labels into a target's `legendFormat`.
func legend(format string, labels map[string]string) string {
	if format == "" || format == "__auto" {
		var parts []string
		for name, value := range labels {
			if name != "__name__" {
				parts = append(parts, name+"="+value)
			}
		}
		slices.Sort(parts)
		if len(parts) == 0 {
			return "value"
		}
		return strings.Join(parts, " ")
	}
	return variable.ReplaceAllStringFunc(format, func(found string) string {
		return labels[variable.FindStringSubmatch(found)[1]]
	})
}

func highest(series Series) float64 {
	found := math.Inf(-1)
	for _, point := range series.Points {
		if !math.IsNaN(point.V) {
			found = max(found, point.V)
		}
	}
	return found
}

// paragraphs of a text panel; what it says is plain text.
func paragraphs(content string) []string {
	var all []string
	for _, part := range strings.Split(content, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
