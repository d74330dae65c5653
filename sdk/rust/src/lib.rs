// Some examples of the README need these features.
#![cfg_attr(all(feature = "dpop", feature = "verify"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "dpop", feature = "verify")),
    doc = "The client library of SentryAgent AgentIdP. The examples are shown with the features `dpop` and `verify`."
)]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod assertion;
mod audit;
#[cfg(feature = "blocking")]
mod blocking;
mod call;
mod claims;
mod client;
mod clock;
mod credentials;
mod delegation;
mod download;
#[cfg(feature = "dpop")]
pub mod dpop;
mod engine;
mod error;
mod generated;
mod guarded;
mod instant;
mod model;
mod nonces;
mod operation;
mod pagination;
mod parts;
mod refusal;
mod retry;
mod secret;
mod sent_secrets;
mod settings;
mod stream;
#[cfg(any(feature = "dpop", feature = "verify"))]
mod thumbprint;
mod token;
mod token_endpoint;
mod token_manager;
mod transport;
#[cfg(feature = "verify")]
pub mod verify;
pub mod webhook;

pub use assertion::AssertionKey;
pub use audit::{Follow, Following};
pub use call::{Answered, Call, RateLimit, Tagged};
/// Its times are in the models, in [`Clock`] and in [`StoredToken`].
pub use chrono;
pub use client::{set_up, AgentIdPClient, ClientBuilder};
pub use clock::{BoxFuture, Clock};
pub use credentials::{CallbackError, Credentials};
pub use delegation::ValidDelegation;
pub use download::{Download, Records};
pub use error::{AgentIdPError, ErrorFacts, ErrorKind, Issue, Result};
pub use generated::{api, codes, models};
pub use model::{Extra, Moment, Patch};
pub use pagination::{Page, Pages};
pub use secret::{exposed_json, Secret};
pub use settings::{ProofKey, ProofRequest, RequestEvent, ResponseEvent};
pub use stream::Stream;
pub use token::{StoredToken, Token, TokenStore, Wanted};
pub use token_manager::TokenManager;
pub use webhook::Webhook;
