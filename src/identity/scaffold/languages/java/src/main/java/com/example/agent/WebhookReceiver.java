package com.example.agent;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.concurrent.Executors;

/** Receives webhooks, prints those with a valid signature and refuses all others. */
final class WebhookReceiver {
  private static final int LONGEST_BODY = 1 << 20;
  private static final JsonMapper JSON = new JsonMapper();

  private WebhookReceiver() {}

  /** Serves until the program is stopped. */
  static void run(Settings settings) throws IOException {
    var verifier = new WebhookVerifier(settings.require("WEBHOOK_SECRET"));
    var server = listen(settings.find("PORT").orElse("8790"));
    server.createContext("/", exchange -> receive(exchange, verifier));
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
    System.out.println("Receiving webhooks on port " + server.getAddress().getPort() + ". Ctrl-C ends.");
  }

  private static HttpServer listen(String port) {
    if (!port.matches("\\d{1,5}") || Integer.parseInt(port) > 65_535) {
      throw new Advice("PORT must be a number up to 65535: " + port);
    }
    try {
      return HttpServer.create(new InetSocketAddress(Integer.parseInt(port)), 0);
    } catch (IOException error) {
      throw new Advice("Cannot listen on port %s, set another PORT in .env: %s".formatted(port, error.getMessage()));
    }
  }

  private static void receive(HttpExchange exchange, WebhookVerifier verifier) throws IOException {
    try (exchange) {
      var body = exchange.getRequestBody().readNBytes(LONGEST_BODY + 1);
      if (body.length > LONGEST_BODY) {
        exchange.sendResponseHeaders(413, -1);
        return;
      }
      var headers = exchange.getRequestHeaders();
      var refusal =
          verifier.refuse(
              headers.getFirst("webhook-id"),
              headers.getFirst("webhook-timestamp"),
              headers.getFirst("webhook-signature"),
              body,
              Instant.now());
      if (refusal.isPresent()) {
        System.err.println("Refused a delivery: " + refusal.get() + ".");
        exchange.sendResponseHeaders(401, -1);
        return;
      }
      // A delivery can come more than once: keep the ids where a receiver must not act twice.
      var event = JSON.readTree(body);
      System.out.printf("Received %s (%s).%n", event.path("event").asText(), event.path("id").asText());
      exchange.sendResponseHeaders(204, -1);
    }
  }
}
