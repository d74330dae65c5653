//! Lends a scope to another agent, lets it act where its secret is set, and revokes.

use std::{
    process,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{ensure, Context, Result};
use serde::Deserialize;
use serde_json::json;

use crate::{identity::Client, settings::Settings};

const PATH: &str = "/api/v1/oauth2/token/delegate";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delegation {
    chain_id: String,
    delegation_token: String,
    expires_at: String,
}

#[derive(Deserialize)]
struct AgentRecord {
    email: String,
}

/// Without a resource the scope is one of the identity provider itself.
pub fn run(
    settings: &Settings,
    delegatee: &str,
    resource: Option<&str>,
    scope: &str,
) -> Result<()> {
    let idp = Client::new(settings, "AGENTIDP")?;
    let other = other_agent(settings, delegatee)?;
    // To lend a capability for a resource, the token must carry delegations:write, which a request must name.
    let token = idp.sign_in(resource.map(|_| "delegations:write"))?;
    let mut loan = json!({
        "delegateeAgentId": delegatee,
        "scopes": [scope],
        // The end of the delegation, should the revocation fail.
        "ttlSeconds": 300,
    });
    if let Some(resource) = resource {
        loan["resource"] = resource.into();
    }
    let lent: Delegation = idp.post(PATH, &token, loan)?;
    println!(
        "Lent {scope} to {delegatee} until {} (delegation {}).",
        lent.expires_at, lent.chain_id
    );

    let revoke = Arc::new(revocation(&idp, token, &lent));
    let at_ctrl_c = Arc::clone(&revoke);
    let handled = ctrlc::set_handler(move || {
        at_ctrl_c().unwrap_or_else(|error| eprintln!("{error:#}"));
        process::exit(130);
    });
    if let Err(error) = handled {
        eprintln!("Ctrl-C does not revoke: {error}");
    }

    let acted = match &other {
        Some(other) => act(other, &idp.id, resource, &lent.delegation_token),
        None => {
            println!("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.");
            Ok(())
        }
    };
    // After an error too.
    let revoked = revoke();
    if let (Err(_), Err(error)) = (&acted, &revoked) {
        eprintln!("{error:#}");
    }
    acted.and(revoked)
}

/// Revokes once: a second call waits for the first.
fn revocation(idp: &Client, token: String, lent: &Delegation) -> impl Fn() -> Result<()> {
    let idp = idp.clone();
    let path = format!("{PATH}/{}", lent.chain_id);
    let until = lent.expires_at.clone();
    let is_called = Mutex::new(false);
    move || {
        let mut is_called = is_called.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_called {
            *is_called = true;
            idp.delete(&path, &token)
                .with_context(|| format!("not revoked, it ends at {until}"))?;
            println!("Revoked.");
        }
        Ok(())
    }
}

/// The delegatee; `None` without its settings.
fn other_agent(settings: &Settings, delegatee: &str) -> Result<Option<Client>> {
    let Some(id) = settings.get("DELEGATEE_CLIENT_ID") else {
        return Ok(None);
    };
    ensure!(
        id == delegatee,
        "DELEGATEE_CLIENT_ID is {id}, and the agent to lend to is {delegatee}"
    );
    Client::new(settings, "DELEGATEE").map(Some)
}

/// What the delegatee does. Elsewhere, it gets only the delegation token.
fn act(
    other: &Client,
    delegator: &str,
    resource: Option<&str>,
    delegation_token: &str,
) -> Result<()> {
    let token = other.exchange(delegation_token)?;
    if let Some(resource) = resource {
        println!(
            r#"The delegatee has a token for {resource}. It sends it there as "Authorization: Bearer …"."#
        );
        return Ok(());
    }
    let record: AgentRecord = other.get(&format!("/api/v1/agents/{delegator}"), &token)?;
    println!(
        "The delegatee reads the record of {} with it.",
        record.email
    );
    Ok(())
}
