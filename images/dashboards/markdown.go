package main

import (
	"html"
	"html/template"
	"regexp"
	"strings"
)

var (
	link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	code = regexp.MustCompile("`([^`]+)`")
	bold = regexp.MustCompile(`\*\*?([^*]+)\*\*?`)
	// What Prometheus fills in for each alert, as in {{ $labels.node }}.
	filled = regexp.MustCompile(`\{\{[^}]*?\.(\w+)\s*\}\}|\{\{[^}]*\}\}`)
)

// markdown is the little of it that runbooks use: paragraphs, lists, blocks and
// words of code, and emphasis. Everything else is text. Links lead into the
// repository, which is not here, so that only their words are kept.
func markdown(text string) []template.HTML {
	var all []template.HTML
	for number, part := range strings.Split(text, "```") {
		if number%2 == 1 { // the first line names the language
			_, block, _ := strings.Cut(part, "\n")
			all = append(all, template.HTML("<pre>"+html.EscapeString(strings.TrimRight(block, "\n"))+"</pre>"))
			continue
		}
		for _, paragraph := range strings.Split(part, "\n\n") {
			if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
				all = append(all, template.HTML(block(paragraph)))
			}
		}
	}
	return all
}

func block(paragraph string) string {
	var items []string
	for _, line := range strings.Split(paragraph, "\n") {
		if text, item := strings.CutPrefix(line, "- "); item || len(items) == 0 {
			items = append(items, text)
		} else {
			items[len(items)-1] += " " + strings.TrimSpace(line)
		}
	}
	for number, item := range items {
		items[number] = words(item)
	}
	if strings.HasPrefix(paragraph, "- ") {
		return "<ul><li>" + strings.Join(items, "</li><li>") + "</li></ul>"
	}
	return "<p>" + strings.Join(items, "<br>") + "</p>"
}

// words escapes first: what is put in afterwards is ours alone.
func words(text string) string {
	escaped := html.EscapeString(link.ReplaceAllString(text, "$1"))
	return bold.ReplaceAllString(code.ReplaceAllString(escaped, "<code>$1</code>"), "<em>$1</em>")
}

// plainly is a summary as a sentence about no alert in particular.
func plainly(summary string) string {
	return strings.ReplaceAll(filled.ReplaceAllString(summary, "[$1]"), "[]", "[value]")
}
