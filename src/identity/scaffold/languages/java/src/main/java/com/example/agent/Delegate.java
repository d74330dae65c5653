package com.example.agent;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.util.List;

/** Lends a scope to another agent, lets it act where its secret is set, and revokes. */
final class Delegate {
  private static final String PATH = "/api/v1/oauth2/token/delegate";

  /** Without a resource the scopes are those of the identity provider itself. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  private record Loan(String delegateeAgentId, String resource, List<String> scopes, int ttlSeconds) {}

  private record Answer(String chainId, String delegationToken, String expiresAt) {}

  private record AgentRecord(String email) {}

  /** Ends with the block that uses it, after an error too, and at Ctrl-C. */
  private static final class Delegation implements AutoCloseable {
    private final AgentIdpClient client;
    private final String token;
    final Answer answer;
    private boolean isClosed;

    Delegation(AgentIdpClient client, String token, Loan loan) throws IOException {
      this.client = client;
      this.token = token;
      answer = client.post(PATH, token, loan, Answer.class);
      var atCtrlC = new Thread(this::close);
      atCtrlC.setUncaughtExceptionHandler((thread, error) -> System.err.println(error.getMessage()));
      Runtime.getRuntime().addShutdownHook(atCtrlC);
    }

    @Override
    public synchronized void close() {
      if (isClosed) {
        return;
      }
      isClosed = true;
      try {
        client.delete(PATH + "/" + answer.chainId(), token);
      } catch (IOException | Advice error) {
        throw new Advice("Not revoked, it ends at %s: %s".formatted(answer.expiresAt(), error.getMessage()));
      }
      System.out.println("Revoked.");
    }
  }

  private Delegate() {}

  static void run(Settings settings, String delegatee, String resource, String scope) throws IOException {
    var client = AgentIdpClient.of(settings, "AGENTIDP");
    var other = delegatee(settings, delegatee);
    // To lend a capability for a resource, the token must carry delegations:write, which a request must name.
    var token = client.signIn(resource == null ? null : "delegations:write");
    // The end of the delegation, should the revocation fail.
    var ttlSeconds = 300;
    var loan = new Loan(delegatee, resource, List.of(scope), ttlSeconds);
    try (var delegation = new Delegation(client, token, loan)) {
      var lent = delegation.answer;
      System.out.printf("Lent %s to %s until %s (delegation %s).%n", scope, delegatee, lent.expiresAt(), lent.chainId());
      if (other == null) {
        System.out.println("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.");
      } else {
        act(other, client.id(), resource, lent.delegationToken());
      }
    }
  }

  /** The delegatee; null without its settings. */
  private static AgentIdpClient delegatee(Settings settings, String agentId) {
    var id = settings.find("DELEGATEE_CLIENT_ID");
    if (id.isEmpty()) {
      return null;
    }
    if (!id.get().equals(agentId)) {
      throw new Advice("DELEGATEE_CLIENT_ID is %s, and the agent to lend to is %s".formatted(id.get(), agentId));
    }
    return AgentIdpClient.of(settings, "DELEGATEE");
  }

  /** What the delegatee does. Elsewhere, it gets only the delegation token. */
  private static void act(AgentIdpClient other, String delegator, String resource, String delegationToken)
      throws IOException {
    var token = other.exchange(delegationToken);
    if (resource != null) {
      System.out.printf("The delegatee has a token for %s. It sends it there as \"Authorization: Bearer …\".%n", resource);
      return;
    }
    var agent = other.get("/api/v1/agents/" + delegator, token, AgentRecord.class);
    System.out.printf("The delegatee reads the record of %s with it.%n", agent.email());
  }
}
