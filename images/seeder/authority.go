package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Browsers refuse certificates that live longer than 398 days, and clocks
// differ: https://support.apple.com/en-us/102028
const lifetime, skew = 397 * 24 * time.Hour, time.Hour

// Authority signs certificates.
type Authority struct {
	chain []*x509.Certificate // its own certificate first, then what stands above it
	key   crypto.Signer
}

// An authority inside a cluster outlives its certificates many times; nobody
// but our own programs trusts it.
const authorityLifetime = 10 * 365 * 24 * time.Hour

// NewAuthority makes a certificate authority that lives so long and may sign
// for these domains only; none means any.
func NewAuthority(name string, domains []string, life time.Duration, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:        serial(),
		Subject:             pkix.Name{CommonName: shorten(name), Organization: []string{"ARCOS"}},
		NotBefore:           now.Add(-skew),
		NotAfter:            now.Add(life),
		KeyUsage:            x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomains: domains,
		// A program that does not know the rule must refuse, not pass it over.
		PermittedDNSDomainsCritical: len(domains) > 0,
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &Authority{chain: []*x509.Certificate{certificate}, key: key}, err
}

// Data is what a Secret keeps of the authority.
func (a *Authority) Data() (map[string][]byte, error) {
	private, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"ca.crt": encode("CERTIFICATE", a.chain[0].Raw),
		"ca.key": encode("PRIVATE KEY", private),
	}, nil
}

// ParseAuthority reads a certificate authority from PEM. What it returns in
// an error never quotes the key.
func ParseAuthority(certificates, key []byte) (*Authority, error) {
	if len(certificates) == 0 || len(key) == 0 {
		return nil, errors.New("it needs the keys ca.crt and ca.key")
	}
	authority := &Authority{}
	for block, rest := pem.Decode(certificates); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("ca.crt is not a PEM certificate")
		}
		authority.chain = append(authority.chain, certificate)
	}
	if len(authority.chain) == 0 {
		return nil, errors.New("ca.crt is not a PEM certificate")
	}
	if !authority.chain[0].IsCA {
		return nil, errors.New("ca.crt is not a certificate authority's certificate")
	}
	signer, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(authority.chain[0].PublicKey) {
		return nil, errors.New("ca.key does not belong to ca.crt")
	}
	authority.key = signer
	return authority, nil
}

func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("ca.key is not a PEM private key")
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	return nil, errors.New("ca.key is not an unencrypted private key in PKCS #8, SEC 1 or PKCS #1")
}

// Issue makes a key and a certificate for the names, and returns the
// data of a Secret of type kubernetes.io/tls, with the authority as ca.crt.
func (a *Authority) Issue(names []string, now time.Time) (map[string][]byte, error) {
	issuer := a.chain[0]
	if now.After(issuer.NotAfter) {
		return nil, fmt.Errorf("the certificate authority expired on %s", issuer.NotAfter.Format(time.DateOnly))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: shorten(names[0])},
		DNSNames:     names,
		NotBefore:    latest(now.Add(-skew), issuer.NotBefore),
		NotAfter:     earliest(now.Add(lifetime), issuer.NotAfter),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		// Programs of several parts show it to each other, as server and as client.
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("the certificate authority cannot sign: %w", err)
	}
	if err := a.check(der, names, now); err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var authorities bytes.Buffer
	for _, certificate := range a.chain {
		authorities.Write(encode("CERTIFICATE", certificate.Raw))
	}
	return map[string][]byte{
		"tls.crt": append(encode("CERTIFICATE", der), authorities.Bytes()...),
		"tls.key": encode("PRIVATE KEY", private),
		"ca.crt":  authorities.Bytes(),
	}, nil
}

// check sees the certificate with a browser's eyes: an authority may be bound
// to certain names, and a name may be malformed.
func (a *Authority) check(der []byte, names []string, now time.Time) error {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(a.chain[len(a.chain)-1])
	for _, certificate := range a.chain {
		between.AddCert(certificate)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now}); err != nil {
		return fmt.Errorf("the certificate authority may not sign for %q: %w", names, err)
	}
	return nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// serial is a positive number of 127 random bits.
func serial() *big.Int {
	bytes := make([]byte, 16)
	_, _ = rand.Read(bytes)
	bytes[0] &= 0x7f
	return new(big.Int).SetBytes(bytes)
}

// shorten keeps a common name within the 64 characters of RFC 5280; programs
// read the DNS names instead.
func shorten(name string) string { return name[:min(len(name), 64)] }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
