//! Signs in and prints who the agent is. Begin your own agent here.

use anyhow::Result;
use serde::Deserialize;

use crate::{identity::Client, settings::Settings};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgentInfo {
    agent_id: String,
    email: String,
    #[serde(rename = "organization_slug")]
    organization: String,
    scope: String,
}

pub fn run(settings: &Settings) -> Result<()> {
    let idp = Client::new(settings, "AGENTIDP")?;
    let token = idp.sign_in(None)?;
    let agent: AgentInfo = idp.get("/agent-info", &token)?;
    println!(
        "Signed in as {} of the organization {}.",
        agent.email, agent.organization
    );
    println!("Agent: {}\nScopes: {}", agent.agent_id, agent.scope);
    Ok(())
}
