//! Receives webhooks, prints those with a valid signature and refuses all others.

use std::{io::Read, thread};

use anyhow::{anyhow, Result};
use chrono::{DateTime, Utc};
use sentryagent_idp::{ErrorKind, Webhook};
use tiny_http::{Request, Response, Server};

use crate::settings::Settings;

const LONGEST_BODY: u64 = 1 << 20;
/// A sender that stops within its body keeps one of them: put a proxy with time-outs in front of a public receiver.
const WORKERS: usize = 16;

pub fn run(settings: &Settings) -> Result<()> {
    let webhook = Webhook::new([settings.require("WEBHOOK_SECRET")?])?;
    let port = settings.get("PORT").unwrap_or("8790");
    let server = Server::http(format!("0.0.0.0:{port}"))
        .map_err(|error| anyhow!("cannot listen on port {port}, set another PORT: {error}"))?;
    println!("Receiving webhooks on port {port}. Ctrl-C ends.");
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    answer(request, &webhook);
                }
            });
        }
    });
    Ok(())
}

fn answer(mut request: Request, webhook: &Webhook) {
    let mut body = Vec::new();
    let read = request
        .as_reader()
        .take(LONGEST_BODY + 1)
        .read_to_end(&mut body);
    let status = match read {
        Ok(_) if body.len() as u64 <= LONGEST_BODY => {
            let headers = request.headers().iter();
            let pairs =
                headers.map(|header| (header.field.as_str().as_str(), header.value.as_str()));
            receive(webhook, &body, pairs, Utc::now())
        }
        _ => 413,
    };
    if let Err(error) = request.respond(Response::empty(status)) {
        eprintln!("The sender did not wait for the answer: {error}");
    }
}

/// Prints the event of a delivery with a valid signature. Returns the status of the answer.
fn receive<'a>(
    webhook: &Webhook,
    body: &[u8],
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    now: DateTime<Utc>,
) -> u16 {
    match webhook.verify_at(body, headers, now) {
        // A delivery can come more than once: keep the ids where a receiver must not act twice.
        Ok(event) => {
            println!("Received {} ({}).", event.event, event.id);
            204
        }
        Err(error) => {
            eprintln!("Refused a delivery: {error}");
            // A signed delivery that cannot be read is not the sender's fault: it is sent again later.
            match error.kind() {
                ErrorKind::Auth => 401,
                _ => 500,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Signed by another implementation of Standard Webhooks.
    const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    const ID: &str = "01a2016f-5297-71f8-8dae-6e8741ab2836";
    const BODY: &str = r#"{"id":"01a2016f-5297-71f8-8dae-6e8741ab2836","event":"from.this.test","timestamp":"2026-11-21T14:06:42.000Z","organization_id":"01a2016f-5297-71f8-8dae-6e8741ab2837","data":{}}"#;
    const SIGNATURE: &str = "v1,6P+xabv4ct4v6sGbC7UvNwKpPN5bvAp63+H0D+1OeHs=";
    const SENT: i64 = 1_795_320_402;

    fn status(body: &str, signature: &str, now: i64) -> u16 {
        let sent = SENT.to_string();
        let headers = [
            ("webhook-id", ID),
            ("webhook-timestamp", &sent),
            ("webhook-signature", signature),
        ];
        let webhook = Webhook::new([SECRET]).unwrap();
        let now = DateTime::from_timestamp(now, 0).unwrap();
        receive(&webhook, body.as_bytes(), headers, now)
    }

    #[test]
    fn accepts_what_is_signed() {
        assert_eq!(status(BODY, SIGNATURE, SENT), 204);
        assert_eq!(status(BODY, &format!("v1,AAAA {SIGNATURE}"), SENT), 204);
    }

    #[test]
    fn refuses_what_is_changed_unsigned_or_old() {
        assert_eq!(status("{}", SIGNATURE, SENT), 401);
        assert_eq!(status(BODY, "", SENT), 401);
        assert_eq!(status(BODY, SIGNATURE, SENT + 301), 401);
    }
}
