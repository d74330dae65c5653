package com.example.agent;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;

/** Signs in and prints who the agent is. Begin your own agent here. */
final class Agent {
  private record Info(
      String agentId, String email, @JsonProperty("organization_slug") String organization, String scope) {}

  private Agent() {}

  static void run(Settings settings) throws IOException {
    var client = AgentIdpClient.of(settings, "AGENTIDP");
    var token = client.signIn(null);
    var agent = client.get("/agent-info", token, Info.class);
    System.out.printf("Signed in as %s of the organization %s.%n", agent.email(), agent.organization());
    System.out.printf("Agent: %s%nScopes: %s%n", agent.agentId(), agent.scope());
  }
}
