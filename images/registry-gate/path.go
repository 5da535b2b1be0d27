package main

import (
	"net/http"
	"regexp"
)

// Request is what of the registry is asked for. Only paths of these very forms
// pass: nothing is decoded, cleaned or guessed, so that what is checked here is
// what the registry does.
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
type Request struct {
	Repository string
	Kind       string // base, catalog, tags, manifest, blob, uploads, upload
	Reference  string // a tag, a digest or an upload
}

const (
	namePattern   = `([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)`
	digestPattern = `([a-z0-9]+:[A-Za-z0-9]{32,})`
)

var forms = []struct {
	kind string
	path *regexp.Regexp
}{
	{"base", regexp.MustCompile(`^/v2/()()$`)},
	{"catalog", regexp.MustCompile(`^/v2/_catalog()()$`)},
	{"tags", regexp.MustCompile(`^/v2/` + namePattern + `/tags/list()$`)},
	{"manifest", regexp.MustCompile(`^/v2/` + namePattern + `/manifests/` + digestPattern + `$`)},
	{"manifest", regexp.MustCompile(`^/v2/` + namePattern + `/manifests/([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$`)},
	{"blob", regexp.MustCompile(`^/v2/` + namePattern + `/blobs/` + digestPattern + `$`)},
	{"uploads", regexp.MustCompile(`^/v2/` + namePattern + `/blobs/uploads/()$`)},
	{"upload", regexp.MustCompile(`^/v2/` + namePattern + `/blobs/uploads/([A-Za-z0-9_.=-]+)$`)},
}

var (
	isDigest = regexp.MustCompile(`^` + digestPattern + `$`)
	isName   = regexp.MustCompile(`^` + namePattern + `$`)
)

// ParseRequest understands a path, as it was sent.
func ParseRequest(r *http.Request) (Request, bool) {
	path := r.URL.EscapedPath()
	for _, form := range forms {
		if found := form.path.FindStringSubmatch(path); found != nil && len(found[1]) < 256 {
			return Request{Repository: found[1], Kind: form.kind, Reference: found[2]}, true
		}
	}
	return Request{}, false
}

// Tagged says whether a manifest is asked for by its tag.
func (r Request) Tagged() bool { return r.Kind == "manifest" && !isDigest.MatchString(r.Reference) }
