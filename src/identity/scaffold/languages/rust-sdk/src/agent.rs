//! Signs in and prints who the agent is. Begin your own agent here.

use anyhow::Result;

use crate::{client::client, settings::Settings};

pub async fn run(settings: &Settings) -> Result<()> {
    let agent = client(settings, "AGENTIDP")?.tokens().who_am_i().await?;
    println!(
        "Signed in as {} of the organization {}.",
        agent.email, agent.organization_slug
    );
    println!("Agent: {}\nScopes: {}", agent.agent_id, agent.scope);
    Ok(())
}
