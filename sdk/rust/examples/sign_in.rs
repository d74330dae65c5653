//! Signs in and says who it is. `AGENTIDP_API_URL`, `AGENTIDP_CLIENT_ID` and `AGENTIDP_CLIENT_SECRET` say where and as whom.
use sentryagent_idp::{AgentIdPClient, AgentIdPError};

#[tokio::main]
async fn main() -> Result<(), AgentIdPError> {
    let client = AgentIdPClient::from_env()?;
    let me = client.tokens().who_am_i().await?;
    println!("{} of {} may {}", me.email, me.organization_slug, me.scope);
    Ok(())
}
