package main

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

const withCopies = `{"namespace": "database", "name": "database-hub", "kind": "password",
	"copies": [{"namespace": "hub", "name": "database-hub"}]}`

func values(c *cluster, name, key string) string { return string(c.secrets[name].Data[key]) }

func TestACopyHoldsTheSameValues(t *testing.T) {
	c := newCluster(t, "database/database-hub", "hub/database-hub")
	if _, err := c.seed(withCopies); err != nil {
		t.Fatal(err)
	}
	first := values(c, "database/database-hub", "password")
	if first == "" || values(c, "hub/database-hub", "password") != first {
		t.Fatalf("the copy differs from the original")
	}
	said, err := c.seed(withCopies)
	if err != nil || !strings.Contains(said, "kept copy hub/database-hub") {
		t.Fatalf("a second run changes nothing; it said %q, %v", said, err)
	}
}

func TestACopyFollowsItsOriginal(t *testing.T) {
	c := newCluster(t, "database/database-hub", "hub/database-hub")
	if _, err := c.seed(withCopies); err != nil {
		t.Fatal(err)
	}
	old := values(c, "hub/database-hub", "password")
	delete(c.secrets, "database/database-hub") // how a secret is rotated
	if _, err := c.seed(withCopies); err != nil {
		t.Fatal(err)
	}
	now := values(c, "database/database-hub", "password")
	if now == old || values(c, "hub/database-hub", "password") != now {
		t.Fatalf("after a rotation the copy must hold the new value")
	}
}

func TestARunThatWasKilledBeforeItsCopiesIsFinishedByTheNext(t *testing.T) {
	c := newCluster(t, "database/database-hub", "hub/database-hub")
	if _, err := c.seed(withCopies); err != nil {
		t.Fatal(err)
	}
	first := values(c, "database/database-hub", "password")
	delete(c.secrets, "hub/database-hub")
	if _, err := c.seed(withCopies); err != nil {
		t.Fatal(err)
	}
	if values(c, "hub/database-hub", "password") != first {
		t.Fatalf("the missing copy was not made from the original")
	}
}

func TestALostAnswerDoesNotLoseACopy(t *testing.T) {
	c := newCluster(t, "database/database-hub", "hub/database-hub")
	if _, err := c.seed(`{"namespace": "database", "name": "database-hub", "kind": "password"}`); err != nil {
		t.Fatal(err)
	}
	c.lose = true
	if _, err := c.seed(withCopies); err != nil {
		t.Fatal(err)
	}
	if values(c, "hub/database-hub", "password") != values(c, "database/database-hub", "password") {
		t.Fatalf("the copy is not there")
	}
}

func TestACopyMayHoldSomeKeysOnly(t *testing.T) {
	c := newCluster(t, "database/authority", "hub/database-ca")
	_, err := c.seed(`{"namespace": "database", "name": "authority", "kind": "authority", "dnsNames": ["svc.cluster.local"],
		"copies": [{"namespace": "hub", "name": "database-ca", "keys": ["ca.crt"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.secrets["hub/database-ca"].Data; len(got) != 1 || len(got["ca.crt"]) == 0 {
		t.Fatalf("the copy has to hold the certificate and never the key, it has %d keys", len(got))
	}
}

func TestACopyOfAKeyThatIsNotThereIsNamed(t *testing.T) {
	c := newCluster(t, "a/b", "c/d")
	_, err := c.seed(`{"namespace": "a", "name": "b", "kind": "key", "copies": [{"namespace": "c", "name": "d", "keys": ["x"]}]}`)
	if err == nil || !strings.Contains(err.Error(), `copy c/d wants the key "x"`) {
		t.Fatalf("got %v", err)
	}
}

func TestAnAuthoritySignsForItsDomainsOnly(t *testing.T) {
	c := newCluster(t, "database/authority", "database/good", "database/bad")
	_, err := c.seed(`{"namespace": "database", "name": "authority", "kind": "authority", "dnsNames": ["svc.cluster.local"]}`)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(c.secrets["database/authority"].Data["ca.crt"])
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !certificate.IsCA || time.Until(certificate.NotAfter) < 9*365*24*time.Hour {
		t.Fatalf("not an authority that lives ten years: %v %v", certificate, err)
	}
	ca := `"ca": {"namespace": "database", "name": "authority"}`
	_, err = c.seed(`{"namespace": "database", "name": "good", "kind": "tls", "dnsNames": ["db.database.svc.cluster.local"], ` + ca + `}`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.seed(`{"namespace": "database", "name": "bad", "kind": "tls", "dnsNames": ["www.example.org"], ` + ca + `}`)
	if err == nil || !strings.Contains(err.Error(), "may not sign") {
		t.Fatalf("an authority of the cluster must not sign for the world: %v", err)
	}
}
