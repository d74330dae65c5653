package com.example.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebhookVerifierTest {
  // Signed by another implementation of Standard Webhooks.
  private static final WebhookVerifier VERIFIER = new WebhookVerifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  private static final String BODY = "{\"test\": 2432232314}";
  private static final String SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

  private static boolean accepts(String body, String signature, long lateSeconds) {
    var timestamp = 1_614_265_330L;
    var now = Instant.ofEpochSecond(timestamp + lateSeconds);
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    return VERIFIER
        .refuse("msg_p5jXN8AQM9LWM0D4loKWxJek", Long.toString(timestamp), signature, bytes, now)
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"0, true", "300, true", "-300, true", "301, false", "-301, false"})
  void acceptsFiveMinutesBothWays(long lateSeconds, boolean expected) {
    assertEquals(expected, accepts(BODY, SIGNATURE, lateSeconds));
  }

  @Test
  void acceptsOneOfSeveralSignatures() {
    assertTrue(accepts(BODY, "v1,AAAA v1,* " + SIGNATURE, 0));
  }

  @Test
  void refusesWhatIsTamperedWithOrUnsigned() {
    assertFalse(accepts(BODY + " ", SIGNATURE, 0));
    assertFalse(accepts(BODY, SIGNATURE.replace("v1", "v2"), 0));
    assertFalse(accepts(BODY, "", 0));
    assertFalse(accepts(BODY, null, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "whsec_", "whsec_*", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
  void refusesWhatIsNoSecret(String secret) {
    assertThrows(Advice.class, () -> new WebhookVerifier(secret));
  }
}
