package com.example.agent;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** One agent at the identity provider, by plain HTTP until the SDK for Java is published. It replaces this class. */
final class AgentIdpClient {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();
  // It does not follow redirects, which would send the credentials somewhere else.
  private static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

  private record TokenAnswer(@JsonProperty("access_token") String accessToken) {}

  private final String url;
  private final String id;
  private final String secret;

  private AgentIdpClient(String url, String id, String secret) {
    this.url = url;
    this.id = id;
    this.secret = secret;
  }

  /** The agent of the settings {@code <prefix>_CLIENT_ID} and {@code <prefix>_CLIENT_SECRET}. */
  static AgentIdpClient of(Settings settings, String prefix) {
    var url = settings.require("AGENTIDP_API_URL").replaceFirst("/+$", "");
    requireSecure(url);
    return new AgentIdpClient(
        url, settings.require(prefix + "_CLIENT_ID"), settings.require(prefix + "_CLIENT_SECRET"));
  }

  String id() {
    return id;
  }

  /** Gets an access token. Without a scope it has all scopes of the agent that need not be named. */
  String signIn(String scope) throws IOException {
    var form = new LinkedHashMap<>(Map.of("grant_type", "client_credentials"));
    if (scope != null) {
      form.put("scope", scope);
    }
    return requestToken(form);
  }

  /** Gets an access token to act for the delegator (RFC 8693). */
  String exchange(String delegationToken) throws IOException {
    return requestToken(
        Map.of(
            "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token", delegationToken,
            "subject_token_type", "urn:sentryagent:token-type:delegation"));
  }

  private String requestToken(Map<String, String> form) throws IOException {
    var basic = Base64.getEncoder().encodeToString((id + ":" + secret).getBytes(StandardCharsets.UTF_8));
    var body =
        form.entrySet().stream()
            .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    var request =
        request("/api/v1/token", "Basic " + basic)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(body));
    return send(request, TokenAnswer.class).accessToken();
  }

  <T> T get(String path, String token, Class<T> type) throws IOException {
    return send(request(path, "Bearer " + token), type);
  }

  <T> T post(String path, String token, Object body, Class<T> type) throws IOException {
    var request =
        request(path, "Bearer " + token)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
    return send(request, type);
  }

  void delete(String path, String token) throws IOException {
    send(request(path, "Bearer " + token).DELETE(), Void.class);
  }

  private HttpRequest.Builder request(String path, String authorization) {
    return HttpRequest.newBuilder(URI.create(url + path))
        .timeout(Duration.ofSeconds(30))
        .header("Authorization", authorization);
  }

  /** Sends a request and reads the JSON of its answer; null for an answer without a body. */
  private static <T> T send(HttpRequest.Builder builder, Class<T> type) throws IOException {
    var request = builder.build();
    HttpResponse<byte[]> response;
    try {
      response = HTTP.send(request, BodyHandlers.ofByteArray());
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (IOException error) {
      throw new IOException(
          "No answer from %s (%s): check AGENTIDP_API_URL, and that the identity provider runs"
              .formatted(request.uri(), error), error);
    }
    var call = "%s %s: ".formatted(request.method(), request.uri().getPath());
    try {
      if (response.statusCode() == 204) {
        return null;
      }
      if (response.statusCode() < 300) {
        return JSON.readValue(response.body(), type);
      }
      var problem = JSON.readTree(response.body());
      if (problem.hasNonNull("code")) {
        // The hint says what to do.
        throw new Advice(
            "%s%d %s: %s %s (request %s)".formatted(
                call, response.statusCode(), problem.path("code").asText(), problem.path("message").asText(),
                problem.path("hint").asText(), problem.path("requestId").asText()));
      }
    } catch (JsonProcessingException notJson) {
      // A proxy, or another server, has answered.
    }
    throw new Advice(
        "%sthe answer (status %d) is not from the identity provider. Check AGENTIDP_API_URL."
            .formatted(call, response.statusCode()));
  }

  /** Refuses an address to which secrets would go in clear over a network. */
  private static void requireSecure(String url) {
    try {
      var uri = new URI(url);
      var isLoopback = List.of("localhost", "127.0.0.1", "[::1]").contains(uri.getHost());
      if (uri.getHost() != null
          && ("https".equalsIgnoreCase(uri.getScheme()) || "http".equalsIgnoreCase(uri.getScheme()) && isLoopback)) {
        return;
      }
    } catch (URISyntaxException noUrl) {
      throw new Advice("AGENTIDP_API_URL is not a URL: " + noUrl.getMessage());
    }
    throw new Advice("AGENTIDP_API_URL must begin with https://, because secrets are sent to it: " + url);
  }
}
