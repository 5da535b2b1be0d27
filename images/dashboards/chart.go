package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Chart is a drawing in its own units: 46 a column of the grid, so that text
// has one size on wide and narrow panels.
type Chart struct {
	Width, Height  int
	Left, Right    float64
	Top, Bottom    float64
	Lines          []Line
	Rows           []Tick // across, with a value each
	Columns        []Tick // down, with a time each
	Title, Summary string
}

// Line is one series: its outline, and its area where lines are stacked.
type Line struct {
	Colour     int
	Path, Area string
}

// Tick is a mark on an axis.
type Tick struct {
	At   float64
	Text string
}

// Colours that style.css knows; with them come dashes, so that no line is told
// from another by colour alone.
const colours = 8

func draw(columns int, series []Series, field Field, from, to time.Time, step time.Duration) Chart {
	chart := Chart{Width: columns * 46, Height: 220, Left: 66, Top: 12, Bottom: 190}
	chart.Right = float64(chart.Width) - 14
	stacked := field.Custom.Stacking.Mode == "normal"
	if stacked {
		series = stack(series)
	}
	low, high := bounds(series, field)
	x := func(at float64) float64 {
		return chart.Left + (at-float64(from.Unix()))/to.Sub(from).Seconds()*(chart.Right-chart.Left)
	}
	y := func(value float64) float64 { return chart.Bottom - (value-low)/(high-low)*(chart.Bottom-chart.Top) }
	marks := ticks(low, high, field.Unit)
	for _, value := range marks {
		chart.Rows = append(chart.Rows, Tick{y(value), write(value, Field{Unit: field.Unit})})
	}
	chart.Columns = times(from, to, chart.Width, x)
	for number, one := range series {
		line := Line{Colour: number % colours, Path: outline(one.Points, x, y, step)}
		if stacked && len(one.Points) > 1 {
			line.Area = area(one.Points, x, y, chart.Bottom)
		}
		chart.Lines = append(chart.Lines, line)
	}
	if stacked { // the highest is painted first, the lower ones over it
		for i, j := 0, len(chart.Lines)-1; i < j; i, j = i+1, j-1 {
			chart.Lines[i], chart.Lines[j] = chart.Lines[j], chart.Lines[i]
		}
	}
	return chart
}

// stack adds to each series what is below it.
func stack(series []Series) []Series {
	total := map[float64]float64{}
	stacked := make([]Series, 0, len(series))
	for _, one := range series {
		sum := Series{Labels: one.Labels}
		for _, point := range one.Points {
			if !math.IsNaN(point.V) {
				total[point.T] += point.V
			}
			sum.Points = append(sum.Points, Point{point.T, total[point.T]})
		}
		stacked = append(stacked, sum)
	}
	return stacked
}

func bounds(series []Series, field Field) (float64, float64) {
	low, high := 0.0, 0.0
	for _, one := range series {
		for _, point := range one.Points {
			if !math.IsNaN(point.V) && !math.IsInf(point.V, 0) {
				low, high = min(low, point.V), max(high, point.V)
			}
		}
	}
	if field.Min != nil {
		low = *field.Min
	}
	if field.Max != nil {
		high = max(high, *field.Max)
	}
	if high <= low {
		high = low + 1
	}
	return low, low + (high-low)*1.05
}

// ticks are three to six round numbers between low and high.
func ticks(low, high float64, unit string) []float64 {
	step := roundStep((high-low)/4, unit)
	var marks []float64
	for value := math.Ceil(low/step) * step; value <= high+step/1000; value += step {
		marks = append(marks, value)
	}
	return marks
}

func roundStep(rough float64, unit string) float64 {
	if unit == "bytes" && rough >= 1 {
		return math.Pow(2, math.Ceil(math.Log2(rough)))
	}
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 2.5, 5} {
		if factor*power >= rough*0.999 {
			return factor * power
		}
	}
	return 10 * power
}

// times are marks at round times, as many as there is room for.
func times(from, to time.Time, width int, x func(float64) float64) []Tick {
	length := to.Sub(from)
	layout, step := "15:04", 24*time.Hour
	for _, one := range []time.Duration{10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
		3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 120 * time.Hour, 240 * time.Hour} {
		if step = one; int(length/one)*75 <= width-80 {
			break
		}
	}
	if length > 48*time.Hour {
		layout = "2 Jan"
		step = max(step, 24*time.Hour)
	}
	var marks []Tick
	for at := from.UTC().Truncate(step).Add(step); at.Before(to); at = at.Add(step) {
		marks = append(marks, Tick{x(float64(at.Unix())), at.Format(layout)})
	}
	return marks
}

// outline is a path through the points, broken where values are missing.
func outline(points []Point, x, y func(float64) float64, step time.Duration) string {
	var path strings.Builder
	last := math.Inf(-1)
	for _, point := range points {
		if math.IsNaN(point.V) || math.IsInf(point.V, 0) {
			continue
		}
		command := "L"
		if point.T-last > step.Seconds()*1.5 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x(point.T), y(point.V))
		last = point.T
	}
	if len(points) == 1 { // a single value is a dot
		path.WriteString("h0.1")
	}
	return path.String()
}

func area(points []Point, x, y func(float64) float64, bottom float64) string {
	var path strings.Builder
	for number, point := range points {
		command := "L"
		if number == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x(point.T), y(point.V))
	}
	fmt.Fprintf(&path, "L%.1f %.1fL%.1f %.1fZ", x(points[len(points)-1].T), bottom, x(points[0].T), bottom)
	return path.String()
}
