// An agent that signs in to SentryAgent AgentIdP, delegates and receives webhooks.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage:
  go run .                                        sign in and print who the agent is
  go run . delegate <agentId> [resource scope]    lend agents:read, or a scope of a resource
  go run . webhook                                receive and verify webhooks`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if err := loadEnv(".env"); err != nil {
		return err
	}
	switch {
	case len(args) == 0:
		return printAgent(ctx)
	case args[0] == "delegate" && len(args) == 2:
		return delegate(ctx, newLoan(args[1], "", "agents:read"))
	case args[0] == "delegate" && len(args) == 4:
		return delegate(ctx, newLoan(args[1], args[2], args[3]))
	case args[0] == "webhook" && len(args) == 1:
		return receiveWebhooks(ctx)
	}
	return errors.New(usage)
}
