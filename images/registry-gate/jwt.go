package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"time"
)

// Access is what a token allows with one repository.
// https://distribution.github.io/distribution/spec/auth/jwt/
type Access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	From     int64    `json:"nbf"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"`
	Access   []Access `json:"access"`
}

// Issuer is who signs, as the registry's configuration names it.
const Issuer = "registry-gate"

// Long enough for the requests of one layer; a revoked token ends as soon.
const lifetime = 5 * time.Minute

var encoding = base64.RawURLEncoding

// Signer signs tokens with ES256 (RFC 7518). The registry knows its certificate.
type Signer struct {
	key     *ecdsa.PrivateKey
	head    string
	service string
	now     func() time.Time
}

// NewSigner reads the key.
func NewSigner(path, service string) (*Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no key", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, is := parsed.(*ecdsa.PrivateKey)
	if !is || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s: a key of curve P-256 is needed", path)
	}
	id, err := thumbprint(&key.PublicKey)
	head, _ := json.Marshal(map[string]string{"typ": "JWT", "alg": "ES256", "kid": id})
	return &Signer{key: key, head: encoding.EncodeToString(head), service: service, now: time.Now}, err
}

// thumbprint is a key's name: RFC 7638.
func thumbprint(key *ecdsa.PublicKey) (string, error) {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return "", err
	}
	x, y := encoding.EncodeToString(point[1:33]), encoding.EncodeToString(point[33:])
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, x, y))
	return encoding.EncodeToString(sum[:]), nil
}

// Sign makes a token for somebody.
func (s *Signer) Sign(subject string, access []Access) (string, time.Time, error) {
	now := s.now()
	if access == nil {
		access = []Access{}
	}
	body, err := json.Marshal(claims{
		Issuer: Issuer, Subject: subject, Audience: s.service, ID: rand.Text(), Access: access,
		Expires: now.Add(lifetime).Unix(), From: now.Unix(), Issued: now.Unix(),
	})
	if err != nil {
		return "", now, err
	}
	signed := s.head + "." + encoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(signed))
	r, t, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		return "", now, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	t.FillBytes(signature[32:])
	return signed + "." + encoding.EncodeToString(signature), now, nil
}

var errToken = errors.New("no valid token")

// Check says whether a token of our own allows an action. The registry checks
// its own requests itself; this is for what it never sees.
func (s *Signer) Check(token, repository, action string) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] != s.head {
		return errToken
	}
	signature, err := encoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return errToken
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, t := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(&s.key.PublicKey, sum[:], r, t) {
		return errToken
	}
	var said claims
	body, err := encoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &said) != nil || said.Audience != s.service || s.now().Unix() > said.Expires {
		return errToken
	}
	for _, one := range said.Access {
		if one.Type == "repository" && one.Name == repository && slices.Contains(one.Actions, action) {
			return nil
		}
	}
	return errToken
}
