package com.example.agent;

import java.io.IOException;

/** Signs in to SentryAgent AgentIdP, delegates and receives webhooks. */
public final class Main {
  private static final String USAGE =
      """
      usage:
        mvn -q                                                      sign in and print who the agent is
        mvn -q -Dexec.args="delegate <agentId> [resource scope]"   lend agents:read, or a scope of a resource
        mvn -q -Dexec.args="webhook"                               receive and verify webhooks""";

  private Main() {}

  public static void main(String[] args) {
    try {
      run(args);
    } catch (Advice | IOException error) {
      System.err.println(error.getMessage());
      for (Throwable suppressed : error.getSuppressed()) {
        System.err.println(suppressed.getMessage());
      }
      System.exit(1);
    }
  }

  private static void run(String[] args) throws IOException {
    var settings = Settings.load();
    var command = args.length == 0 ? "" : args[0] + "/" + args.length;
    switch (command) {
      case "" -> Agent.run(settings);
      case "delegate/2" -> Delegate.run(settings, args[1], null, "agents:read");
      case "delegate/4" -> Delegate.run(settings, args[1], args[2], args[3]);
      case "webhook/1" -> WebhookReceiver.run(settings);
      default -> throw new Advice(USAGE);
    }
  }
}
