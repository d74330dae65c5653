package main

import (
	"context"
	"fmt"
	"net/http"
)

// printAgent signs in and prints who the agent is. Begin your own agent here.
func printAgent(ctx context.Context) error {
	idp, err := newClient("AGENTIDP")
	if err != nil {
		return err
	}
	token, err := idp.signIn(ctx, "")
	if err != nil {
		return err
	}
	var agent struct {
		AgentID      string `json:"agentId"`
		Email        string `json:"email"`
		Organization string `json:"organization_slug"`
		Scope        string `json:"scope"`
	}
	if err := idp.call(ctx, http.MethodGet, "/agent-info", token, nil, &agent); err != nil {
		return err
	}
	fmt.Printf("Signed in as %s of the organization %s.\n", agent.Email, agent.Organization)
	fmt.Printf("Agent: %s\nScopes: %s\n", agent.AgentID, agent.Scope)
	return nil
}
