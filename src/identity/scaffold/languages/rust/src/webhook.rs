//! Receives webhooks, prints those with a valid signature and refuses all others.

use std::{
    io::Read,
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{anyhow, ensure, Result};
use serde::Deserialize;
use tiny_http::{Request, Response, Server};

use crate::{
    settings::Settings,
    signature::{Signed, Verifier},
};

const LONGEST_BODY: u64 = 1 << 20;
/// A sender that stops within its body keeps one of them: put a proxy with time-outs in front of a public receiver.
const WORKERS: usize = 16;

#[derive(Deserialize)]
struct Event {
    id: String,
    event: String,
}

pub fn run(settings: &Settings) -> Result<()> {
    let verifier = Verifier::new(settings.require("WEBHOOK_SECRET")?)?;
    let port = settings.get("PORT").unwrap_or("8790");
    let server = Server::http(format!("0.0.0.0:{port}"))
        .map_err(|error| anyhow!("cannot listen on port {port}, set another PORT: {error}"))?;
    println!("Receiving webhooks on port {port}. Ctrl-C ends.");
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for request in server.incoming_requests() {
                    answer(request, &verifier);
                }
            });
        }
    });
    Ok(())
}

fn answer(mut request: Request, verifier: &Verifier) {
    let status = match receive(&mut request, verifier) {
        // A delivery can come more than once: keep the ids where a receiver must not act twice.
        Ok(Event { id, event }) => {
            println!("Received {event} ({id}).");
            204
        }
        Err(error) => {
            eprintln!("Refused a delivery: {error}.");
            401
        }
    };
    if let Err(error) = request.respond(Response::empty(status)) {
        eprintln!("The sender did not wait for the answer: {error}");
    }
}

fn receive(request: &mut Request, verifier: &Verifier) -> Result<Event> {
    let mut body = Vec::new();
    request
        .as_reader()
        .take(LONGEST_BODY + 1)
        .read_to_end(&mut body)?;
    ensure!(body.len() as u64 <= LONGEST_BODY, "its body is too long");
    let header = |name: &'static str| {
        let found = request
            .headers()
            .iter()
            .find(|header| header.field.equiv(name));
        found.map_or("", |header| header.value.as_str())
    };
    let headers = Signed {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since: Duration| since.as_secs());
    verifier.verify(&headers, &body, now)?;
    Ok(serde_json::from_slice(&body)?)
}
