package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

const delegatePath = "/api/v1/oauth2/token/delegate"

// loan is what is lent. Without a resource its scopes are those of the identity provider itself.
type loan struct {
	DelegateeAgentID string   `json:"delegateeAgentId"`
	Resource         string   `json:"resource,omitempty"`
	Scopes           []string `json:"scopes"`
	// The end of the delegation, should the revocation fail.
	TTLSeconds int `json:"ttlSeconds"`
}

func newLoan(delegatee, resource, scope string) loan {
	return loan{DelegateeAgentID: delegatee, Resource: resource, Scopes: []string{scope}, TTLSeconds: 300}
}

// delegate lends a scope to another agent, lets it act where its secret is set, and revokes.
func delegate(ctx context.Context, loan loan) (err error) {
	idp, err := newClient("AGENTIDP")
	if err != nil {
		return err
	}
	other, err := newDelegatee(loan.DelegateeAgentID)
	if err != nil {
		return err
	}
	scope := ""
	if loan.Resource != "" {
		// It must be named, and lends capabilities.
		scope = "delegations:write"
	}
	token, err := idp.signIn(ctx, scope)
	if err != nil {
		return err
	}
	var lent struct{ ChainID, DelegationToken, ExpiresAt string }
	if err := idp.call(ctx, http.MethodPost, delegatePath, token, loan, &lent); err != nil {
		return err
	}
	fmt.Printf("Lent %s to %s until %s (delegation %s).\n", loan.Scopes[0], loan.DelegateeAgentID, lent.ExpiresAt, lent.ChainID)

	// After an error and after Ctrl-C too.
	defer func() {
		ctx := context.WithoutCancel(ctx)
		if failure := idp.call(ctx, http.MethodDelete, delegatePath+"/"+lent.ChainID, token, nil, nil); failure != nil {
			err = errors.Join(err, fmt.Errorf("not revoked, it ends at %s: %w", lent.ExpiresAt, failure))
			return
		}
		fmt.Println("Revoked.")
	}()

	if other == nil {
		fmt.Println("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.")
		return nil
	}
	return act(ctx, other, idp.id, loan.Resource, lent.DelegationToken)
}

// newDelegatee returns nil without the settings of the delegatee.
func newDelegatee(agentID string) (*client, error) {
	id := os.Getenv("DELEGATEE_CLIENT_ID")
	if id == "" {
		return nil, nil
	}
	if id != agentID {
		return nil, fmt.Errorf("DELEGATEE_CLIENT_ID is %s, and the agent to lend to is %s", id, agentID)
	}
	return newClient("DELEGATEE")
}

// act is what the delegatee does. Elsewhere, it gets only the delegation token.
func act(ctx context.Context, other *client, delegator, resource, delegationToken string) error {
	token, err := other.exchange(ctx, delegationToken)
	if err != nil {
		return err
	}
	if resource != "" {
		fmt.Printf("The delegatee has a token for %s. It sends it there as \"Authorization: Bearer …\".\n", resource)
		return nil
	}
	var agent struct{ Email string }
	if err := other.call(ctx, http.MethodGet, "/api/v1/agents/"+delegator, token, nil, &agent); err != nil {
		return err
	}
	fmt.Printf("The delegatee reads the record of %s with it.\n", agent.Email)
	return nil
}
