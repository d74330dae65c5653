//! Lends `agents:read` to another agent, which acts by it: `cargo run --example delegate`.
//! `DELEGATEE_CLIENT_ID` and `DELEGATEE_CLIENT_SECRET` are the other agent's.
use sentryagent_idp::models::CreateDelegation;
use sentryagent_idp::{AgentIdPClient, AgentIdPError, Credentials};

#[tokio::main]
async fn main() -> Result<(), AgentIdPError> {
    let setting = |name: &str| std::env::var(name).unwrap_or_default();
    let client = AgentIdPClient::from_env()?;
    let helper_id = setting("DELEGATEE_CLIENT_ID");
    let credentials = Credentials::client_secret(&helper_id, setting("DELEGATEE_CLIENT_SECRET"));
    let helper = AgentIdPClient::new(setting("AGENTIDP_API_URL"), credentials)?;
    let lending = CreateDelegation::new(helper_id, ["agents:read"], 300);
    client
        .delegations()
        .lend(lending, |delegation| async move {
            let acting = helper.acting_for(&delegation.delegation_token)?;
            println!(
                "The helper sees {} agents.",
                acting.agents().list().collect().await?.len()
            );
            Ok(())
        })
        .await
}
