//! The calls that authenticate in a way of their own.
use crate::call::Call;
use crate::client::bearer;
use crate::generated::api::{ServiceDetailedHealth, ServiceMetrics, Tokens};
use crate::generated::models::{
    DetailedHealth, Introspection, TokenForm, TokenResponse, WorkloadToken,
};
use crate::operation::{Authentication, Input, Operation};
use crate::retry::RetryClass;
use crate::secret::Secret;
use crate::token::Wanted;
use crate::token_endpoint::Grant;
use std::sync::Arc;

const FORM: Operation = Operation {
    call: "",
    method: "POST",
    path: "",
    retry: RetryClass::Read,
    authentication: Authentication::Required,
    form: true,
    answering_statuses: &[],
};

/// Tokens to hand out. The client gets and keeps those of its own calls by itself.
impl Tokens {
    fn granted(&self, grant: Grant) -> Call<TokenResponse> {
        let engine = Arc::clone(&self.engine);
        Call::new(
            Input::default(),
            Box::new(move |_, options| {
                Box::pin(async move {
                    let tokens = engine.tokens();
                    Ok(tokens
                        .endpoint()
                        .issue_with(tokens.credentials(), &grant, &options)
                        .await?
                        .0)
                })
            }),
        )
    }

    /// Get a token with the client's credentials (RFC 6749 4.4). Each call gets a new one.
    pub fn issue(&self, wanted: Wanted) -> Call<TokenResponse> {
        self.granted(Grant::client().wanted(&wanted))
    }

    /// Exchange a delegation for a token that says who acts for whom (RFC 8693).
    pub fn exchange_delegation(
        &self,
        delegation_token: impl Into<Secret>,
        wanted: Wanted,
    ) -> Call<TokenResponse> {
        self.granted(Grant::delegation(&delegation_token.into()).wanted(&wanted))
    }

    /// Exchange the token of a workload's platform. It is never sent twice, as it can be used once.
    pub fn exchange_workload(&self, body: WorkloadToken) -> Call<TokenResponse> {
        const OPERATION: Operation = Operation {
            call: "tokens.exchangeWorkload",
            path: "/api/v1/oidc/token",
            retry: RetryClass::Never,
            authentication: Authentication::None,
            form: false,
            ..FORM
        };
        self.engine.value(&OPERATION, Input::default().body(&body))
    }

    /// Ask the service about a token (RFC 7662): also whether it is revoked.
    pub fn introspect(&self, token: impl Into<Secret>) -> Call<Introspection> {
        const OPERATION: Operation = Operation {
            call: "tokens.introspect",
            path: "/api/v1/token/introspect",
            ..FORM
        };
        self.engine
            .value(&OPERATION, Input::default().body(&TokenForm::new(token)))
    }

    /// Revoke a token (RFC 7009). An unknown one is a success too.
    pub fn revoke(&self, token: impl Into<Secret>) -> Call<()> {
        const OPERATION: Operation = Operation {
            call: "tokens.revoke",
            path: "/api/v1/token/revoke",
            retry: RetryClass::Idempotent,
            ..FORM
        };
        self.engine
            .empty(&OPERATION, Input::default().body(&TokenForm::new(token)))
    }
}

impl Call<DetailedHealth, ServiceDetailedHealth> {
    /// The operator's `METRICS_TOKEN`, where the service has one.
    pub fn metrics_token(self, token: impl Into<Secret>) -> Self {
        let authorization = Some(bearer(&token.into()));
        self.with_input(|input| Input {
            authorization,
            ..input
        })
    }
}

impl Call<String, ServiceMetrics> {
    /// The operator's `METRICS_TOKEN`, where the service has one.
    pub fn metrics_token(self, token: impl Into<Secret>) -> Self {
        let authorization = Some(bearer(&token.into()));
        self.with_input(|input| Input {
            authorization,
            ..input
        })
    }
}
