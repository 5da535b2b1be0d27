package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Spec says which Secret to make. It is the JSON in ARCOS_SEED.
type Spec struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Kind is "password" (letters and digits that are safe in a URL), "key"
	// (random bytes, written as base64), "tls" (an ECDSA P-256 certificate), or
	// "authority" (what signs certificates, for dnsNames and below only).
	Kind string `json:"kind"`
	// Length is a password's characters or a key's bytes; 0 means 32.
	Length int `json:"length"`
	// Keys are the Secret's keys, each with a value of its own; none means one
	// named after the kind. A certificate has fixed ones.
	Keys []string `json:"keys"`
	// DNSNames are the names a certificate is for, wildcards allowed; for an
	// authority the domains it may sign for.
	DNSNames []string `json:"dnsNames"`
	// CA is the Secret (ca.crt, ca.key) that signs; none means a certificate
	// authority that is made for this one certificate and forgotten.
	CA *Reference `json:"ca"`
	// Copies are Secrets that are to hold the same values, in other namespaces.
	Copies []Copy `json:"copies"`
}

// Copy names a Secret that holds the values of some keys; none means all.
type Copy struct {
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Keys      []string `json:"keys"`
}

// Reference names another Secret.
type Reference struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Shorter secrets can be guessed; longer ones are a mistake.
const minLength, defaultLength, maxLength = 16, 32, 1024

// ParseSpec reads and checks a Spec, and fills its defaults.
func ParseSpec(text string) (Spec, error) {
	var spec Spec
	if text == "" {
		return spec, errors.New("the environment variable ARCOS_SEED is not set")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&spec); err != nil {
		return spec, fmt.Errorf("ARCOS_SEED is not understood: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return spec, errors.New("ARCOS_SEED is not understood: more follows its JSON object")
	}
	if err := spec.check(); err != nil {
		return spec, fmt.Errorf("ARCOS_SEED is wrong: %w", err)
	}
	if spec.Length == 0 {
		spec.Length = defaultLength
	}
	if spec.Kind == "tls" {
		spec.Keys = []string{"tls.crt", "tls.key"}
	} else if spec.Kind == "authority" {
		spec.Keys = []string{"ca.crt", "ca.key"}
	} else if len(spec.Keys) == 0 {
		spec.Keys = []string{spec.Kind}
	}
	return spec, nil
}

func (s Spec) check() error {
	if s.Namespace == "" || s.Name == "" {
		return errors.New("namespace and name are needed")
	}
	if s.CA != nil && (s.CA.Namespace == "" || s.CA.Name == "") {
		return errors.New("ca needs a namespace and a name")
	}
	for _, copy := range s.Copies {
		if copy.Namespace == "" || copy.Name == "" {
			return errors.New("a copy needs a namespace and a name")
		}
		if copy.Namespace == s.Namespace && copy.Name == s.Name {
			return fmt.Errorf("the copy %s is the secret itself", s)
		}
	}
	switch s.Kind {
	case "password", "key":
		if s.Length != 0 && (s.Length < minLength || s.Length > maxLength) {
			return fmt.Errorf("length is %d; accepted: %d to %d", s.Length, minLength, maxLength)
		}
		if len(s.DNSNames) > 0 || s.CA != nil {
			return errors.New("dnsNames and ca are for kind tls only")
		}
	case "tls":
		if len(s.DNSNames) == 0 {
			return errors.New("kind tls needs dnsNames")
		}
		if s.Length != 0 || len(s.Keys) > 0 {
			return errors.New("kind tls takes no length and no keys")
		}
	case "authority":
		if len(s.DNSNames) == 0 {
			return errors.New("kind authority needs dnsNames: an authority for every name is never wanted")
		}
		if s.Length != 0 || len(s.Keys) > 0 || s.CA != nil {
			return errors.New("kind authority takes no length, no keys and no ca")
		}
	default:
		return fmt.Errorf("kind is %q; accepted: password, key, tls, authority", s.Kind)
	}
	return nil
}

// String is what logs call the Secret.
func (s Spec) String() string { return s.Namespace + "/" + s.Name }

// missing is the first key that an existing Secret lacks, or "".
func (s Spec) missing(found Secret) string {
	for _, key := range s.Keys {
		if _, there := found.Data[key]; !there {
			return key
		}
	}
	return ""
}

// secret is the object to create.
func (s Spec) secret(data map[string][]byte) Secret {
	kind := "Opaque"
	if s.Kind == "tls" {
		kind = "kubernetes.io/tls"
	}
	return object(s.Namespace, s.Name, kind, data)
}

func object(namespace, name, kind string, data map[string][]byte) Secret {
	return Secret{
		APIVersion: "v1",
		Kind:       "Secret",
		Metadata: Metadata{
			Name:      name,
			Namespace: namespace,
			Labels: map[string]string{
				"app.kubernetes.io/part-of":    "arcos",
				"app.kubernetes.io/managed-by": "arcos-seeder",
			},
		},
		Type: kind,
		Data: data,
	}
}
