package main

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

const password = `{"namespace":"auth","name":"admin","kind":"password","length":24,"keys":["password","cookie"]}`

func TestMakesAPasswordForEachKey(t *testing.T) {
	c := newCluster(t, "auth/admin")
	out, err := c.seed(password)
	if err != nil {
		t.Fatal(err)
	}
	if out != "created secret auth/admin (password)\n" {
		t.Errorf("it said %q", out)
	}
	made := c.secrets["auth/admin"]
	for _, key := range []string{"password", "cookie"} {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{24}$`).Match(made.Data[key]) {
			t.Errorf("%s is not 24 characters that are safe in a URL", key)
		}
	}
	if string(made.Data["password"]) == string(made.Data["cookie"]) {
		t.Error("each key should have a value of its own")
	}
	if made.Type != "Opaque" || made.Metadata.Labels["app.kubernetes.io/part-of"] != "arcos" {
		t.Errorf("type %q, labels %v", made.Type, made.Metadata.Labels)
	}
}

func TestMakesAKeyOfSoManyRandomBytes(t *testing.T) {
	c := newCluster(t, "auth/key")
	if _, err := c.seed(`{"namespace":"auth","name":"key","kind":"key","length":64}`); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(string(c.secrets["auth/key"].Data["key"]))
	if err != nil || len(raw) != 64 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
}

func TestPasswordsUseEveryCharacterAboutEquallyOften(t *testing.T) {
	counts := map[byte]int{}
	for range 1000 {
		for _, b := range random("password", 64) {
			counts[b]++
		}
	}
	for i := range alphabet {
		if n := counts[alphabet[i]]; n < 800 || n > 1200 { // 1000 is expected; 6 standard deviations
			t.Errorf("%q came %d times in 64,000", alphabet[i], n)
		}
	}
}

func TestKeepsASecretThatExists(t *testing.T) {
	c := newCluster(t, "auth/admin")
	if _, err := c.seed(password); err != nil {
		t.Fatal(err)
	}
	before := string(c.secrets["auth/admin"].Data["password"])
	out, err := c.seed(password)
	if err != nil || out != "kept secret auth/admin: it exists\n" {
		t.Errorf("%q, %v", out, err)
	}
	if string(c.secrets["auth/admin"].Data["password"]) != before {
		t.Error("an existing secret was changed")
	}
}

func TestSaysWhichKeyAnExistingSecretLacks(t *testing.T) {
	c := newCluster(t, "auth/admin")
	c.secrets["auth/admin"] = Secret{Data: map[string][]byte{"password": []byte("by hand, and secret")}}
	if _, err := c.seed(password); err == nil || !strings.Contains(err.Error(), `no key "cookie"`) {
		t.Errorf("%v", err)
	}
}

func TestALostAnswerDoesNotMakeASecondSecret(t *testing.T) {
	c := newCluster(t, "auth/admin")
	c.lose = true
	out, err := c.seed(password)
	if err != nil || !strings.HasPrefix(out, "kept") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestTriesAgainWhileTheAPIServerIsNotReady(t *testing.T) {
	c := newCluster(t, "auth/admin")
	c.failures = []int{503, 429, 500, 401, 403, 502}
	if _, err := c.seed(password); err != nil {
		t.Error(err)
	}
	if c.requests < 8 {
		t.Errorf("%d requests", c.requests)
	}
}

func TestGivesUpWithAReasonWhenTheAPIServerStaysAway(t *testing.T) {
	c := newCluster(t)
	c.server.Close()
	if _, err := c.seed(password); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("%v", err)
	}
}

func TestSaysWhatIsForbiddenAndToWhom(t *testing.T) {
	c := newCluster(t)
	_, err := c.seed(password)
	if err == nil || !strings.Contains(err.Error(), `cannot read secret auth/admin: forbidden`) ||
		!strings.Contains(err.Error(), `User "seed"`) {
		t.Errorf("%v", err)
	}
}

func TestARefusedObjectIsNotQuoted(t *testing.T) {
	err := judge(422, []byte(`{"reason":"Invalid","message":"data: Invalid value: \"hunter2\""}`))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "Invalid") {
		t.Errorf("%v", err)
	}
}

func TestRefusesATaskThatIsWrong(t *testing.T) {
	for text, says := range map[string]string{
		``:                                  "not set",
		`{`:                                 "not understood",
		`{"namespace":"a","name":"b"} true`: "more follows",
		`{"namespace":"a","name":"b","kind":"password","lenght":20}`:                   `unknown field "lenght"`,
		`{"name":"b","kind":"password"}`:                                               "namespace and name",
		`{"namespace":"a","name":"b","kind":"pin"}`:                                    `accepted: password, key, tls`,
		`{"namespace":"a","name":"b","kind":"password","length":8}`:                    "accepted: 16 to 1024",
		`{"namespace":"a","name":"b","kind":"key","dnsNames":["x"]}`:                   "for kind tls only",
		`{"namespace":"a","name":"b","kind":"tls"}`:                                    "needs dnsNames",
		`{"namespace":"a","name":"b","kind":"tls","dnsNames":["x"],"keys":["k"]}`:      "no keys",
		`{"namespace":"a","name":"b","kind":"tls","dnsNames":["x"],"ca":{"name":"c"}}`: "ca needs",
	} {
		if _, err := ParseSpec(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; it should say %q", text, err, says)
		}
	}
}
