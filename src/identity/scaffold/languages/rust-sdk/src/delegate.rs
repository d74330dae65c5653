//! Lends a scope to another agent, lets it act where its secret is set, and revokes.

use anyhow::{bail, ensure, Result};
use sentryagent_idp::{models::CreateDelegation, AgentIdPClient, Wanted};
use tokio::{select, signal};

use crate::{client::client, settings::Settings};

/// Without a resource the scope is one of the identity provider itself.
pub async fn run(
    settings: &Settings,
    delegatee: &str,
    resource: Option<&str>,
    scope: &str,
) -> Result<()> {
    let own = client(settings, "AGENTIDP")?;
    let own_id = settings.require("AGENTIDP_CLIENT_ID")?;
    let other = other_agent(settings, delegatee)?;
    // The end of the delegation, should the revocation fail.
    let mut lending = CreateDelegation::new(delegatee, [scope], 300);
    if let Some(resource) = resource {
        lending = lending.resource(resource);
    }
    // Revokes after the block, after an error and Ctrl-C too.
    own.delegations()
        .lend(lending, |lent| async move {
            println!(
                "Lent {scope} to {delegatee} until {} (delegation {}).",
                lent.expires_at, lent.chain_id
            );
            let Some(other) = other else {
                println!("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.");
                return Ok(());
            };
            let acting = other.acting_for(&lent.delegation_token)?;
            select! {
                acted = act(&acting, own_id, resource) => acted,
                _ = signal::ctrl_c() => bail!("interrupted"),
            }
        })
        .await?;
    println!("Revoked.");
    Ok(())
}

/// The delegatee; `None` without its settings.
fn other_agent(settings: &Settings, delegatee: &str) -> Result<Option<AgentIdPClient>> {
    let Some(id) = settings.get("DELEGATEE_CLIENT_ID") else {
        return Ok(None);
    };
    ensure!(
        id == delegatee,
        "DELEGATEE_CLIENT_ID is {id}, and the agent to lend to is {delegatee}"
    );
    client(settings, "DELEGATEE").map(Some)
}

/// What the delegatee does. Its tokens say for whom it acts.
async fn act(acting: &AgentIdPClient, delegator: &str, resource: Option<&str>) -> Result<()> {
    if let Some(resource) = resource {
        acting.access_token(Wanted::default()).await?;
        println!(
            r#"The delegatee has a token for {resource}. It sends it there as "Authorization: Bearer …"."#
        );
        return Ok(());
    }
    let record = acting.agents().get(delegator).await?;
    println!(
        "The delegatee reads the record of {} with it.",
        record.email
    );
    Ok(())
}
