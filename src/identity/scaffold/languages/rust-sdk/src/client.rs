//! The clients of this agent and of the delegatee.

use anyhow::Result;
use sentryagent_idp::{AgentIdPClient, Credentials};

use crate::settings::Settings;

/// The agent of the settings `<prefix>_CLIENT_ID` and `<prefix>_CLIENT_SECRET`. It signs in at its first call, and keeps and
/// refreshes its token. One serves the whole program.
pub fn client(settings: &Settings, prefix: &str) -> Result<AgentIdPClient> {
    let url = settings.require("AGENTIDP_API_URL")?;
    let id = settings.require(&format!("{prefix}_CLIENT_ID"))?;
    let secret = settings.require(&format!("{prefix}_CLIENT_SECRET"))?;
    let credentials = Credentials::client_secret(id, secret);
    Ok(AgentIdPClient::new(url, credentials)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    #[test]
    fn says_what_is_missing_and_sends_no_secret_without_tls() {
        env::set_var("AGENTIDP_API_URL", "http://idp.example.com");
        let said = |prefix| {
            let error = client(&Settings::load().unwrap(), prefix).unwrap_err();
            crate::advice(&error)
        };
        assert!(said("TEST").contains("TEST_CLIENT_ID is not set: copy .env.example to .env"));
        env::set_var("TEST_CLIENT_ID", "agent-1");
        env::set_var("TEST_CLIENT_SECRET", "sa_sec_for_this_test");
        assert!(said("TEST").contains("must begin with https"));
        assert!(!said("TEST").contains("sa_sec_for_this_test"));
    }
}
