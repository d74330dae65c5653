use super::*;
use reqwest::header::{HeaderMap, HeaderValue};
use std::collections::HashMap;

const SECRET: &str = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const BODY: &str = r#"{"id":"01a2016f-5297-71f8-8dae-6e8741ab2836","event":"credential.rotated","timestamp":"2026-11-21T14:06:42.000Z","organization_id":"01a2016f-5297-71f8-8dae-6e8741ab2837","data":{"credentialId":"01a2016f-5297-71f8-8dae-6e8741ab2838","agentId":"01a2016f-5297-71f8-8dae-6e8741ab2839"}}"#;
const ID: &str = "01a2016f-5297-71f8-8dae-6e8741ab2836";
const SIGNATURE: &str = "v1,nuS/ceCbIBDajKPwYxrglw6CrcZdAAF4aGopoBbbO1E=";
const SENT: i64 = 1_795_320_402;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn headers(signature: &str) -> HashMap<&str, &str> {
    HashMap::from([
        ("Webhook-Id", ID),
        ("WEBHOOK-TIMESTAMP", "1795320402"),
        ("webhook-signature", signature),
    ])
}

fn code(result: Result<WebhookEvent>) -> String {
    let error = result.unwrap_err();
    assert!(!format!("{error:?}").contains("ICEi"));
    error.code().to_owned()
}

#[test]
fn the_published_example_of_standard_webhooks_is_signed() {
    let webhook = Webhook::new(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
    let headers = |signature| {
        [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ]
    };
    let verified = |signature| {
        webhook.verify_at(
            r#"{"test": 2432232314}"#,
            headers(signature),
            at(1_614_265_330),
        )
    };
    // Its signature is right; it is no event of ours.
    assert_eq!(
        code(verified("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")),
        "UNREADABLE_EVENT"
    );
    assert_eq!(
        code(verified("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=")),
        "WEBHOOK_WRONG_SIGNATURE"
    );
}

#[test]
fn a_good_delivery_is_a_typed_event() {
    let webhook = Webhook::new([SECRET]).unwrap();
    let event = webhook
        .verify_at(BODY, &headers(SIGNATURE), at(SENT + 300))
        .unwrap();
    assert_eq!(
        (event.id.as_str(), event.event.as_str()),
        (ID, "credential.rotated")
    );
    assert_eq!(event.timestamp, at(1_795_270_002));
    let WebhookData::Credential(data) = &event.data else {
        panic!("{:?}", event.data)
    };
    assert_eq!(data.agent_id, "01a2016f-5297-71f8-8dae-6e8741ab2839");
    assert_eq!(
        serde_json::to_value(&event).unwrap(),
        serde_json::from_str::<Value>(BODY).unwrap()
    );
    let map = HeaderMap::from_iter([
        ("webhook-id".parse().unwrap(), HeaderValue::from_static(ID)),
        (
            "webhook-timestamp".parse().unwrap(),
            HeaderValue::from_static("1795320402"),
        ),
        (
            "webhook-signature".parse().unwrap(),
            HeaderValue::from_static(SIGNATURE),
        ),
    ]);
    assert_eq!(
        webhook
            .verify_at(BODY.as_bytes(), &map, at(SENT - 300))
            .unwrap(),
        event
    );
}

#[test]
fn any_secret_and_any_signature_of_version_1_will_do() {
    let both = "v2,AA== v1,nuS/ceCbIBDajKPwYxrglw6CrcZdAAF4aGopoBbbO1E= v1,vmhAHDBrixLG9Aw8LMPdnAwmGnCDIgpZZNcLPsj8JBM=";
    for (secrets, signatures) in [
        (vec![OTHER], both),
        (vec![SECRET], both),
        (vec![OTHER, SECRET], SIGNATURE),
    ] {
        let webhook = Webhook::new(secrets).unwrap();
        assert_eq!(
            webhook
                .verify_at(BODY, &headers(signatures), at(SENT))
                .unwrap()
                .id,
            ID
        );
    }
}

#[test]
fn old_new_and_changed_deliveries_are_refused() {
    let webhook = Webhook::new([SECRET]).unwrap();
    let verified =
        |body: &str, signature, now| code(webhook.verify_at(body, &headers(signature), at(now)));
    assert_eq!(verified(BODY, SIGNATURE, SENT + 301), "WEBHOOK_TOO_OLD");
    assert_eq!(verified(BODY, SIGNATURE, SENT - 301), "WEBHOOK_TOO_NEW");
    assert_eq!(
        verified(&BODY.replace("rotated", "revoked"), SIGNATURE, SENT),
        "WEBHOOK_WRONG_SIGNATURE"
    );
    for signature in [
        "v1,",
        "v2,nuS/ceCbIBDajKPwYxrglw6CrcZdAAF4aGopoBbbO1E=",
        "nuS/ceCbIBDajKPwYxrglw6CrcZdAAF4aGopoBbbO1E=",
    ] {
        assert_eq!(verified(BODY, signature, SENT), "WEBHOOK_WRONG_SIGNATURE");
    }
    let other = Webhook::new([OTHER]).unwrap();
    assert_eq!(
        code(other.verify_at(BODY, &headers(SIGNATURE), at(SENT))),
        "WEBHOOK_WRONG_SIGNATURE"
    );
    for (name, value) in [
        ("Webhook-Id", ""),
        ("WEBHOOK-TIMESTAMP", "-1"),
        ("WEBHOOK-TIMESTAMP", "1795320402000"),
        ("webhook-signature", ""),
    ] {
        let mut odd = headers(SIGNATURE);
        odd.insert(name, value);
        assert_eq!(
            code(webhook.verify_at(BODY, &odd, at(SENT))),
            "WEBHOOK_MISSING_HEADER"
        );
        odd.remove(name);
        assert_eq!(
            code(webhook.verify_at(BODY, &odd, at(SENT))),
            "WEBHOOK_MISSING_HEADER"
        );
    }
}

#[test]
fn the_older_header_signs_with_the_whole_secret() {
    let body = r#"{"id":"1","event":"from.the.future","timestamp":"2026-11-21T14:06:42.000Z","organization_id":"o","data":{"odd":1}}"#;
    // Made by `openssl dgst -sha256 -hmac`.
    let signature = "sha256=4963ac9e94ce06ae4c23aee08a4c847ca6472704eb4d2580f4e1dcdeca887b22";
    let webhook = Webhook::new([SECRET]).unwrap();
    let event = webhook
        .verify_legacy(body, [("x-SentryAgent-signature", signature)])
        .unwrap();
    assert_eq!(
        event.data,
        WebhookData::Unknown(serde_json::json!({ "odd": 1 }))
    );
    let zeros = format!("sha256={}", "0".repeat(64));
    let rotated = [
        ("X-SentryAgent-Signature", zeros.as_str()),
        ("X-SentryAgent-Signature-Previous", signature),
    ];
    assert_eq!(webhook.verify_legacy(body, rotated).unwrap(), event);
    assert_eq!(
        code(webhook.verify_legacy(body, [("X-SentryAgent-Signature", &zeros)])),
        "WEBHOOK_WRONG_SIGNATURE"
    );
    let other = Webhook::new([OTHER]).unwrap();
    assert_eq!(
        code(other.verify_legacy(body, rotated)),
        "WEBHOOK_WRONG_SIGNATURE"
    );
    assert_eq!(
        code(webhook.verify_legacy(body, [("webhook-id", "1")])),
        "WEBHOOK_MISSING_HEADER"
    );
}

#[test]
fn a_secret_that_is_none_is_refused_at_once_and_none_is_printed() {
    for odd in ["", "secret", "whsec_", "whsec_***", "whsec_="] {
        assert_eq!(Webhook::new([odd]).unwrap_err().code(), "CONFIGURATION");
    }
    assert_eq!(
        Webhook::new([SECRET, "secret"]).unwrap_err().kind(),
        ErrorKind::Config
    );
    assert_eq!(
        Webhook::new::<&str>([]).unwrap_err().kind(),
        ErrorKind::Config
    );
    assert_eq!(
        format!("{:?}", Webhook::new([SECRET]).unwrap()),
        "Webhook([redacted])"
    );
}
