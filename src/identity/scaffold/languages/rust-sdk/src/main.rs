//! An agent that signs in to SentryAgent AgentIdP, delegates and receives webhooks.

mod agent;
mod client;
mod delegate;
mod settings;
mod webhook;

use std::{env, process::ExitCode};

use anyhow::{bail, Error, Result};
use sentryagent_idp::AgentIdPError;
use settings::Settings;

const USAGE: &str = "usage:
  cargo run                                           sign in and print who the agent is
  cargo run -- delegate <agentId> [resource scope]    lend agents:read, or a scope of a resource
  cargo run -- webhook                                receive and verify webhooks";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", advice(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let settings = Settings::load()?;
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => agent::run(&settings).await,
        ["delegate", agent_id] => delegate::run(&settings, agent_id, None, "agents:read").await,
        ["delegate", agent_id, resource, scope] => {
            delegate::run(&settings, agent_id, Some(resource), scope).await
        }
        ["webhook"] => webhook::run(&settings),
        _ => bail!(USAGE),
    }
}

/// What went wrong, as the identity provider or the library says it. Neither names a secret.
fn advice(error: &Error) -> String {
    let Some(refusal) = error.downcast_ref::<AgentIdPError>() else {
        return format!("{error:#}");
    };
    let facts = refusal.facts();
    let status = facts.http_status.map(|status| format!("{status} "));
    let mut lines = vec![format!(
        "{}{}: {}",
        status.unwrap_or_default(),
        facts.code,
        facts.message
    )];
    lines.extend(facts.hint.clone());
    lines.extend(facts.request_id.as_ref().map(|id| format!("request {id}")));
    lines.join("\n")
}
