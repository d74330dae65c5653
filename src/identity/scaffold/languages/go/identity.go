package main

// Plain HTTP, until the SDK for Go is published. It replaces this file.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client is one agent at the identity provider.
type client struct {
	url    string
	id     string
	secret string
	http   *http.Client
}

// newClient takes the agent of two variables: <prefix>_CLIENT_ID and <prefix>_CLIENT_SECRET.
func newClient(prefix string) (*client, error) {
	values, err := settings("AGENTIDP_API_URL", prefix+"_CLIENT_ID", prefix+"_CLIENT_SECRET")
	if err != nil {
		return nil, err
	}
	if err := requireSecure(values[0]); err != nil {
		return nil, err
	}
	return &client{
		url:    strings.TrimRight(values[0], "/"),
		id:     values[1],
		secret: values[2],
		http: &http.Client{
			Timeout: 30 * time.Second,
			// A redirect would send the credentials somewhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// requireSecure refuses an address to which secrets would go in clear over a network.
func requireSecure(address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("AGENTIDP_API_URL: %w", err)
	}
	host := parsed.Hostname()
	isLoopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	if parsed.Scheme == "https" || parsed.Scheme == "http" && isLoopback {
		return nil
	}
	return fmt.Errorf("AGENTIDP_API_URL must begin with https://, because secrets are sent to it: %s", address)
}

// signIn gets an access token. Without a scope it has all scopes of the agent that need not be named.
func (c *client) signIn(ctx context.Context, scope string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	return c.requestToken(ctx, form)
}

// exchange gets an access token to act for the delegator (RFC 8693).
func (c *client) exchange(ctx context.Context, delegationToken string) (string, error) {
	return c.requestToken(ctx, url.Values{
		"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":      {delegationToken},
		"subject_token_type": {"urn:sentryagent:token-type:delegation"},
	})
}

func (c *client) requestToken(ctx context.Context, form url.Values) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/api/v1/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(c.id, c.secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := c.send(request, &answer); err != nil {
		return "", err
	}
	if answer.AccessToken == "" {
		return "", foreign(request, "200")
	}
	return answer.AccessToken, nil
}

// call sends JSON with an access token. answer is nil where the answer has no body.
func (c *client) call(ctx context.Context, method, path, token string, body, answer any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, &content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return c.send(request, answer)
}

func (c *client) send(request *http.Request, answer any) error {
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%w\nCheck AGENTIDP_API_URL, and that the identity provider runs", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		// The hint says what to do.
		var problem struct{ Code, Message, Hint, RequestID string }
		if json.Unmarshal(body, &problem) != nil || problem.Code == "" {
			return foreign(request, response.Status)
		}
		return fmt.Errorf("%s %s: %s %s\n%s (request %s)", request.Method, request.URL.Path, response.Status,
			problem.Code, strings.TrimSpace(problem.Message+" "+problem.Hint), problem.RequestID)
	}
	if answer == nil {
		return nil
	}
	if json.Unmarshal(body, answer) != nil {
		return foreign(request, response.Status)
	}
	return nil
}

// foreign is the error of an answer that the identity provider does not give: a proxy, or another server, gave it.
func foreign(request *http.Request, status string) error {
	return fmt.Errorf("%s %s: the answer (status %s) is not from the identity provider. Check AGENTIDP_API_URL",
		request.Method, request.URL, status)
}
