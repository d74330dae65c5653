package com.example.agent;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Verifies Standard Webhooks signatures (https://www.standardwebhooks.com). */
final class WebhookVerifier {
  private static final Duration TOLERANCE = Duration.ofMinutes(5);
  private static final String PREFIX = "whsec_";

  private final SecretKeySpec key;

  WebhookVerifier(String secret) {
    var bytes = secret.startsWith(PREFIX) ? decode(secret.substring(PREFIX.length())) : new byte[0];
    if (bytes.length == 0) {
      throw new Advice("WEBHOOK_SECRET is not the signingSecret of a webhook: whsec_ and base64");
    }
    key = new SecretKeySpec(bytes, "HmacSHA256");
  }

  /**
   * Says why a delivery is refused; empty when it is genuine.
   *
   * @param signature {@code v1,} and base64; several with a space between them while the secret is rotated
   * @param body the bytes as they came
   */
  Optional<String> refuse(String id, String timestamp, String signature, byte[] body, Instant now) {
    if (id == null || timestamp == null || signature == null) {
      return Optional.of("a webhook- header is missing");
    }
    if (!timestamp.matches("\\d{1,11}")) {
      return Optional.of("webhook-timestamp is no time");
    }
    var sent = Instant.ofEpochSecond(Long.parseLong(timestamp));
    if (Duration.between(sent, now).abs().compareTo(TOLERANCE) > 0) {
      return Optional.of("it was not signed within the last five minutes");
    }
    var expected = sign(id + "." + timestamp + ".", body);
    var isGenuine =
        Arrays.stream(signature.split(" "))
            .filter(one -> one.startsWith("v1,"))
            // Constant time.
            .anyMatch(one -> MessageDigest.isEqual(decode(one.substring(3)), expected));
    return isGenuine ? Optional.empty() : Optional.of("no signature is of this secret");
  }

  private byte[] sign(String head, byte[] body) {
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      mac.update(head.getBytes(StandardCharsets.UTF_8));
      return mac.doFinal(body);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Empty for what is not base64. */
  private static byte[] decode(String text) {
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      return new byte[0];
    }
  }
}
