package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	tolerance    = 5 * time.Minute
	maxBodyBytes = 1 << 20
)

// verifier verifies Standard Webhooks signatures (https://www.standardwebhooks.com).
type verifier struct {
	key []byte
}

func newVerifier(secret string) (verifier, error) {
	encoded, isSecret := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !isSecret || err != nil || len(key) == 0 {
		return verifier{}, errors.New("WEBHOOK_SECRET is not the signingSecret of a webhook: whsec_ and base64")
	}
	return verifier{key}, nil
}

// verify returns why a delivery is refused. The body must be the bytes as they came.
func (v verifier) verify(header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return errors.New("it has no webhook-id and webhook-timestamp")
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errors.New("it is too old or from the future")
	}
	mac := hmac.New(sha256.New, v.key)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	expected := mac.Sum(nil)
	// There are several while a secret is rotated.
	for signature := range strings.FieldsSeq(header.Get("webhook-signature")) {
		encoded, isV1 := strings.CutPrefix(signature, "v1,")
		given, err := base64.StdEncoding.DecodeString(encoded)
		if isV1 && err == nil && hmac.Equal(given, expected) {
			return nil
		}
	}
	return errors.New("its signature is wrong")
}

func (v verifier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err == nil {
		err = v.verify(r.Header, body, time.Now())
	}
	if err != nil {
		log.Println("Refused a delivery:", err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var event struct{ ID, Event string }
	if json.Unmarshal(body, &event) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	// A delivery can come more than once: keep the ids where a receiver must not act twice.
	fmt.Printf("Received %s (%s).\n", event.Event, event.ID)
	w.WriteHeader(http.StatusNoContent)
}

// receiveWebhooks serves until it is interrupted.
func receiveWebhooks(ctx context.Context) error {
	values, err := settings("WEBHOOK_SECRET")
	if err != nil {
		return err
	}
	verifier, err := newVerifier(values[0])
	if err != nil {
		return err
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8790"
	}
	mux := http.NewServeMux()
	mux.Handle("POST /", verifier)
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return fmt.Errorf("cannot listen on port %s, set another PORT in .env: %w", port, err)
	}
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Printf("Receiving webhooks on port %s. Ctrl-C ends.\n", port)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
