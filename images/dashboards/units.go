package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// write puts a value into words as Grafana's unit of that name does.
// https://grafana.com/docs/grafana/latest/panels-visualizations/configure-standard-options/#unit
func write(value float64, field Field) string {
	for _, mapping := range field.Mappings {
		if known, ok := mapping.Options[plain(value, 6)]; ok && mapping.Type == "value" {
			return known.Text
		}
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		if field.NoValue != "" {
			return field.NoValue
		}
		return "no value"
	}
	decimals := -1
	if field.Decimals != nil {
		decimals = *field.Decimals
	}
	switch unit := field.Unit; {
	case unit == "bytes":
		return scaled(value, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}, decimals)
	case unit == "percentunit":
		return number(value*100, decimals) + " %"
	case unit == "percent":
		return number(value, decimals) + " %"
	case unit == "s":
		return seconds(value)
	case strings.HasPrefix(unit, "suffix:"):
		return number(value, decimals) + " " + strings.TrimSpace(strings.TrimPrefix(unit, "suffix:"))
	default:
		return number(value, decimals)
	}
}

func number(value float64, decimals int) string {
	if decimals >= 0 {
		return strconv.FormatFloat(value, 'f', decimals, 64)
	}
	switch size := math.Abs(value); {
	case size >= 100 || size == math.Trunc(size):
		return plain(value, 0)
	case size >= 10:
		return plain(value, 1)
	default:
		return plain(value, 3)
	}
}

// plain is a number without zeros at its end.
func plain(value float64, decimals int) string {
	text := strconv.FormatFloat(value, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func scaled(value, base float64, names []string, decimals int) string {
	place := 0
	for math.Abs(value) >= base && place < len(names)-1 {
		value, place = value/base, place+1
	}
	if decimals < 0 {
		return plain(value, 1) + " " + names[place]
	}
	return strconv.FormatFloat(value, 'f', decimals, 64) + " " + names[place]
}

func seconds(value float64) string {
	switch size := math.Abs(value); {
	case size < 1:
		return plain(value*1000, 1) + " ms"
	case size < 120:
		return plain(value, 1) + " s"
	case size < 2*3600:
		return plain(value/60, 1) + " min"
	case size < 2*86400:
		return plain(value/3600, 1) + " h"
	default:
		return plain(value/86400, 1) + " days"
	}
}

// judge is the colour that a value deserves by the panel's thresholds, as one
// of the four that style.css knows.
func judge(value float64, field Field) string {
	for _, mapping := range field.Mappings {
		if known, ok := mapping.Options[plain(value, 6)]; ok && known.Color != "" {
			return tone(known.Color)
		}
	}
	colour := ""
	for _, step := range field.Thresholds.Steps {
		if step.Value == nil || value >= *step.Value {
			colour = step.Color
		}
	}
	return tone(colour)
}

func tone(colour string) string {
	switch {
	case strings.Contains(colour, "green"):
		return "good"
	case strings.Contains(colour, "red"):
		return "bad"
	case strings.Contains(colour, "yellow"), strings.Contains(colour, "orange"):
		return "waiting"
	default:
		return "plain"
	}
}

// says puts a tone into a word, for those who see no colour.
func says(tone string) string {
	return map[string]string{"bad": "critical", "waiting": "warning"}[tone]
}

// since is how long something has lasted.
func since(start, now time.Time) string {
	switch passed := now.Sub(start); {
	case passed < time.Minute:
		return fmt.Sprintf("%d s", int(passed.Seconds()))
	case passed < time.Hour:
		return fmt.Sprintf("%d min", int(passed.Minutes()))
	case passed < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(passed.Hours()), int(passed.Minutes())%60)
	default:
		return fmt.Sprintf("%d days", int(passed.Hours())/24)
	}
}
