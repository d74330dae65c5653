//! Verifies an access token for an API: `cargo run --features verify --example verify_a_token -- https://api.example.com < token`.
use sentryagent_idp::{verify::TokenVerifier, AgentIdPError};

#[tokio::main]
async fn main() -> Result<(), AgentIdPError> {
    let issuer = std::env::var("AGENTIDP_API_URL").unwrap_or_default();
    let audience = std::env::args().nth(1).unwrap_or_else(|| issuer.clone());
    let mut token = String::new();
    if std::io::stdin().read_line(&mut token).is_err() {
        return Ok(());
    }
    let facts = TokenVerifier::builder(issuer, audience)
        .build()?
        .verify(token.trim())
        .await?;
    println!(
        "{} of {} may {}",
        facts.agent_id,
        facts.organization_id,
        facts.scopes.join(" ")
    );
    Ok(())
}
