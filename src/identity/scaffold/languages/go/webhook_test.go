package main

import (
	"net/http"
	"testing"
	"time"
)

// A delivery signed by another implementation of Standard Webhooks.
const (
	secret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	body      = `{"test": 2432232314}`
	signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestVerify(t *testing.T) {
	sent := time.Unix(1614265330, 0)
	tests := []struct {
		name      string
		body      string
		signature string
		now       time.Time
		accepted  bool
	}{
		{"genuine", body, signature, sent, true},
		{"two signatures", body, "v1,AAAA " + signature, sent, true},
		{"at the limit", body, signature, sent.Add(tolerance), true},
		{"tampered", body + " ", signature, sent, false},
		{"other version", body, "v2" + signature[2:], sent, false},
		{"no signature", body, "", sent, false},
		{"too old", body, signature, sent.Add(tolerance + time.Second), false},
		{"from the future", body, signature, sent.Add(-tolerance - time.Second), false},
	}
	verifier, err := newVerifier(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
			header.Set("webhook-timestamp", "1614265330")
			header.Set("webhook-signature", test.signature)
			if err := verifier.verify(header, []byte(test.body), test.now); (err == nil) != test.accepted {
				t.Errorf("accepted = %v, want %v: %v", err == nil, test.accepted, err)
			}
		})
	}
}

func TestNewVerifierRefusesWhatIsNoSecret(t *testing.T) {
	for _, secret := range []string{"", "whsec_", "whsec_*"} {
		if _, err := newVerifier(secret); err == nil {
			t.Errorf("%q was accepted", secret)
		}
	}
}
