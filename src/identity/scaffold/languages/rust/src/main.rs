//! An agent that signs in to SentryAgent AgentIdP, delegates and receives webhooks.

mod agent;
mod delegate;
mod identity;
mod settings;
mod signature;
mod webhook;

use std::{env, process::ExitCode};

use anyhow::{bail, Result};
use settings::Settings;

const USAGE: &str = "usage:
  cargo run                                           sign in and print who the agent is
  cargo run -- delegate <agentId> [resource scope]    lend agents:read, or a scope of a resource
  cargo run -- webhook                                receive and verify webhooks";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let settings = Settings::load()?;
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => agent::run(&settings),
        ["delegate", agent_id] => delegate::run(&settings, agent_id, None, "agents:read"),
        ["delegate", agent_id, resource, scope] => {
            delegate::run(&settings, agent_id, Some(resource), scope)
        }
        ["webhook"] => webhook::run(&settings),
        _ => bail!(USAGE),
    }
}
