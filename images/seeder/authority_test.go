package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"
)

const certificate = `{"namespace":"ingress","name":"ingress-tls","kind":"tls","dnsNames":["local.arcos.localhost","*.local.arcos.localhost"],
	"ca":{"namespace":"kube-system","name":"arcos-local-ca"}}`

// authoritySecret is a certificate authority as `up` puts it into the cluster.
// change alters its certificate first.
func authoritySecret(t *testing.T, change func(*x509.Certificate)) Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(10 * 365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Secret{Data: map[string][]byte{
		"ca.crt": encode("CERTIFICATE", der),
		"ca.key": encode("PRIVATE KEY", private),
	}}
}

func unchanged(*x509.Certificate) {}

func TestACertificateIsSignedByTheLocalAuthorityForItsNames(t *testing.T) {
	c := newCluster(t, "ingress/ingress-tls", "kube-system/arcos-local-ca")
	c.secrets["kube-system/arcos-local-ca"] = authoritySecret(t, unchanged)
	if out, err := c.seed(certificate); err != nil || out != "created secret ingress/ingress-tls (tls)\n" {
		t.Fatalf("%q, %v", out, err)
	}
	made := c.secrets["ingress/ingress-tls"]
	leaf := servable(t, made)
	if !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}) {
		t.Errorf("parts of one program show it to each other; it is for %v", leaf.ExtKeyUsage)
	}
	for _, name := range []string{"local.arcos.localhost", "hub.local.arcos.localhost"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if string(made.Data["ca.crt"]) != string(c.secrets["kube-system/arcos-local-ca"].Data["ca.crt"]) {
		t.Error("ca.crt should be the authority's certificate")
	}
	if _, leaked := made.Data["ca.key"]; leaked {
		t.Error("the authority's key must not be copied")
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Error("the key should be ECDSA P-256")
	}
	if days := leaf.NotAfter.Sub(leaf.NotBefore).Hours() / 24; days > 398 || days < 390 {
		t.Errorf("it lives %.0f days; browsers refuse more than 398", days)
	}
	if made.Type != "kubernetes.io/tls" {
		t.Errorf("type %q", made.Type)
	}
}

// servable takes the Secret as a server and a browser do.
func servable(t *testing.T, made Secret) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(made.Data["tls.crt"], made.Data["tls.key"])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(made.Data["ca.crt"])
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots}); err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func TestACertificateWithoutAnAuthorityBringsItsOwn(t *testing.T) {
	c := newCluster(t, "a/b")
	if _, err := c.seed(`{"namespace":"a","name":"b","kind":"tls","dnsNames":["b.a.svc"]}`); err != nil {
		t.Fatal(err)
	}
	servable(t, c.secrets["a/b"])
}

func TestACertificateDoesNotOutliveItsAuthority(t *testing.T) {
	end := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	secret := authoritySecret(t, func(c *x509.Certificate) { c.NotAfter = end })
	authority, err := ParseAuthority(secret.Data["ca.crt"], secret.Data["ca.key"])
	if err != nil {
		t.Fatal(err)
	}
	data, err := authority.Issue([]string{"x.example"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data["tls.crt"])
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !leaf.NotAfter.Equal(end) {
		t.Errorf("it ends %v, its authority %v", leaf.NotAfter, end)
	}
}

func TestAnAuthorityThatCannotSignIsNamedWithTheReason(t *testing.T) {
	other := authoritySecret(t, unchanged)
	mixed := authoritySecret(t, unchanged)
	mixed.Data["ca.key"] = other.Data["ca.key"]
	garbage := authoritySecret(t, unchanged)
	garbage.Data["ca.key"] = []byte("not a key")
	for says, secret := range map[string]Secret{
		"needs the keys ca.crt and ca.key": {Data: map[string][]byte{}},
		"does not belong":                  mixed,
		"not a PEM private key":            garbage,
		"not a certificate authority's":    authoritySecret(t, func(c *x509.Certificate) { c.IsCA = false }),
		"expired on":                       authoritySecret(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }),
		"may not sign for":                 authoritySecret(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.example"} }),
	} {
		c := newCluster(t, "ingress/ingress-tls", "kube-system/arcos-local-ca")
		c.secrets["kube-system/arcos-local-ca"] = secret
		if _, err := c.seed(certificate); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; it should say %q", err, says)
		}
		if len(c.secrets) != 1 {
			t.Errorf("%s: a secret was made all the same", says)
		}
	}
}

func TestAMissingOrForbiddenAuthorityIsNamed(t *testing.T) {
	missing := newCluster(t, "ingress/ingress-tls", "kube-system/arcos-local-ca")
	if _, err := missing.seed(certificate); err == nil || !strings.Contains(err.Error(), "kube-system/arcos-local-ca does not exist") {
		t.Errorf("%v", err)
	}
	forbidden := newCluster(t, "ingress/ingress-tls")
	if _, err := forbidden.seed(certificate); err == nil || !strings.Contains(err.Error(), "kube-system/arcos-local-ca may not be read") {
		t.Errorf("%v", err)
	}
}
