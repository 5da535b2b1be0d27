package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Every character is safe in a URL, a shell and a YAML file. There are 64, so a
// random byte's six low bits choose one without bias.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// generate makes the Secret's values.
func generate(ctx context.Context, spec Spec, api *API) (map[string][]byte, error) {
	if spec.Kind == "tls" {
		authority, err := authorityFor(ctx, spec, api)
		if err != nil {
			return nil, err
		}
		return authority.Issue(spec.DNSNames, time.Now())
	}
	if spec.Kind == "authority" {
		authority, err := NewAuthority("ARCOS "+spec.String(), spec.DNSNames, authorityLifetime, time.Now())
		if err != nil {
			return nil, err
		}
		return authority.Data()
	}
	data := make(map[string][]byte, len(spec.Keys))
	for _, key := range spec.Keys {
		data[key] = random(spec.Kind, spec.Length)
	}
	return data, nil
}

// random makes a password of so many characters, or the base64 of so many bytes.
func random(kind string, length int) []byte {
	bytes := make([]byte, length)
	_, _ = rand.Read(bytes) // never fails: it ends the program instead
	if kind == "key" {
		return []byte(base64.StdEncoding.EncodeToString(bytes))
	}
	for i, b := range bytes {
		bytes[i] = alphabet[b&63]
	}
	return bytes
}

// authorityFor reads the certificate authority that the spec names, or makes
// one that lives only as long as this process.
func authorityFor(ctx context.Context, spec Spec, api *API) (*Authority, error) {
	if spec.CA == nil {
		return NewAuthority("ARCOS certificate authority of "+spec.String(), nil, lifetime, time.Now())
	}
	name := spec.CA.Namespace + "/" + spec.CA.Name
	secret, err := api.Get(ctx, spec.CA.Namespace, spec.CA.Name)
	for errors.Is(err, errNotFound) && ctx.Err() == nil { // another seeder makes it, perhaps right now
		select {
		case <-ctx.Done():
		case <-time.After(api.Pause):
			again, failure := api.Get(ctx, spec.CA.Namespace, spec.CA.Name)
			if ctx.Err() == nil || failure == nil { // a request cut short by the end tells nothing new
				secret, err = again, failure
			}
		}
	}
	switch {
	case errors.Is(err, errNotFound):
		return nil, fmt.Errorf("the certificate authority's secret %s does not exist", name)
	case errors.Is(err, errForbidden):
		return nil, fmt.Errorf("the certificate authority's secret %s may not be read: %w", name, err)
	case err != nil:
		return nil, fmt.Errorf("cannot read the certificate authority's secret %s: %w", name, err)
	}
	authority, err := ParseAuthority(secret.Data["ca.crt"], secret.Data["ca.key"])
	if err != nil {
		return nil, fmt.Errorf("the certificate authority's secret %s is of no use: %w", name, err)
	}
	return authority, nil
}
