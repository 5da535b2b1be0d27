package main

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// table joins the answers of all targets by their labels, as Grafana's
// transformation `merge` does; `organize` renames, hides and orders columns.
func (v *PanelView) table(answers [][]Series) {
	rows := map[string]map[string]string{}
	values := map[string]map[string]float64{}
	labels, order := map[string]bool{}, []string{}
	for number, answer := range answers {
		column := "Value"
		if len(answers) > 1 {
			column = "Value #" + v.Targets[number].RefID
		}
		for _, one := range answer {
			delete(one.Labels, "__name__")
			key := fmt.Sprint(one.Labels) // fmt sorts the keys
			if rows[key] == nil {
				rows[key], values[key] = one.Labels, map[string]float64{}
				order = append(order, key)
			}
			for label := range one.Labels {
				labels[label] = true
			}
			values[key][column] = one.Points[len(one.Points)-1].V
		}
	}
	if v.Empty = len(order) == 0; v.Empty {
		return
	}
	columns := v.organized(labels, len(answers))
	for _, key := range order {
		var row []Cell
		for _, column := range columns {
			if value, ok := values[key][column]; ok {
				row = append(row, Cell{write(value, v.column(v.renamed(column))), true})
			} else {
				row = append(row, Cell{rows[key][column], strings.HasPrefix(column, "Value")})
			}
		}
		v.Rows = append(v.Rows, row)
	}
	for _, column := range columns {
		v.Columns = append(v.Columns, Cell{v.renamed(column), strings.HasPrefix(column, "Value")})
	}
	sort.SliceStable(v.Rows, func(i, j int) bool { return fmt.Sprint(v.Rows[i]) < fmt.Sprint(v.Rows[j]) })
	if len(v.Rows) > mostRows {
		v.LeftOut = len(v.Rows) - mostRows
		v.Rows = v.Rows[:mostRows]
	}
}

func (v *PanelView) organized(labels map[string]bool, targets int) []string {
	var columns []string
	for label := range labels {
		columns = append(columns, label)
	}
	slices.Sort(columns)
	if targets == 1 {
		columns = append(columns, "Value")
	} else {
		for _, target := range v.Targets {
			columns = append(columns, "Value #"+target.RefID)
		}
	}
	for _, change := range v.Transformations {
		if change.ID != "organize" {
			continue
		}
		columns = slices.DeleteFunc(columns, func(name string) bool { return change.Options.Exclude[name] })
		place := func(name string) int {
			if index, ok := change.Options.Index[name]; ok {
				return index
			}
			return len(columns)
		}
		sort.SliceStable(columns, func(i, j int) bool { return place(columns[i]) < place(columns[j]) })
	}
	return columns
}

func (v *PanelView) renamed(column string) string {
	for _, change := range v.Transformations {
		if name := change.Options.Rename[column]; change.ID == "organize" && name != "" {
			return name
		}
	}
	return column
}
