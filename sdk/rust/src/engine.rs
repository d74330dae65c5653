//! The calls of operations, and the values of their answers.
mod request;
mod sending;

use crate::call::{Answered, Call, Tagged};
use crate::download::Download;
use crate::error::Result;
use crate::model::reading;
use crate::nonces::Nonces;
use crate::operation::{Input, Operation};
use crate::pagination::{Page, Pages};
use crate::refusal::unreadable;
use crate::settings::Settings;
use crate::token_manager::{closed, TokenManager};
use crate::transport::{Sent, Transport};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::watch;

/// What a call answers with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Nothing,
    Json,
    Text,
    Bytes,
}

pub(crate) struct Engine {
    transport: Arc<Transport>,
    base: String,
    tokens: TokenManager,
    nonces: Nonces,
    /// Ends the running calls when the client is closed.
    is_closed: watch::Sender<bool>,
    /// The clients that act for this one, which are closed with it.
    acting: Mutex<Vec<Weak<Engine>>>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Engine")
            .field("base", &self.base)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// The value of an answer in JSON.
pub(crate) fn decoded<T: DeserializeOwned>(sent: &Sent, is_strict: bool) -> Result<T> {
    let Sent {
        reply, attempts, ..
    } = sent;
    let value: Value = serde_json::from_str(&reply.text)
        .map_err(|_| unreadable(Some(reply), "it is no JSON", *attempts))?;
    // The reason of a wrong type repeats the value, which can be a secret; that of a missing member does not.
    reading(is_strict, || serde_json::from_value(value)).map_err(|error| {
        let reason = error.to_string();
        let is_safe = reason.starts_with("missing field") || reason.ends_with("is unknown");
        unreadable(
            Some(reply),
            if is_safe {
                &reason
            } else {
                "a member has another type"
            },
            *attempts,
        )
    })
}

impl Engine {
    pub(crate) fn new(transport: Arc<Transport>, base: String, tokens: TokenManager) -> Self {
        Self {
            transport,
            base,
            tokens,
            nonces: Nonces::default(),
            is_closed: watch::Sender::new(false),
            acting: Mutex::default(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.transport.settings
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn tokens(&self) -> &TokenManager {
        &self.tokens
    }

    pub(crate) fn close(&self) {
        let mut acting = self.acting.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_closed.send_replace(true);
        self.tokens.close();
        for engine in acting.drain(..).filter_map(|engine| engine.upgrade()) {
            engine.close();
        }
    }

    /// Closes another one with this one, which can be closed already.
    pub(crate) fn adopt(&self, engine: &Arc<Engine>) {
        let mut acting = self.acting.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.is_closed.borrow() {
            engine.close();
            return;
        }
        acting.retain(|known| known.strong_count() > 0);
        acting.push(Arc::downgrade(engine));
    }

    /// The result, unless the client is closed before.
    pub(crate) async fn unless_closed<T>(
        &self,
        running: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut is_closed = self.is_closed.subscribe();
        tokio::select! {
            biased;
            _ = is_closed.wait_for(|is_closed| *is_closed) => Err(closed()),
            result = running => result,
        }
    }

    fn call<T: Send + 'static, A>(
        self: &Arc<Self>,
        operation: &Operation,
        input: Input,
        wish: Wish,
        decode: impl FnOnce(&Self, Sent) -> Result<Answered<T>> + Send + 'static,
    ) -> Call<T, A> {
        let (engine, operation) = (Arc::clone(self), operation.clone());
        Call::new(
            input,
            Box::new(move |input, options| {
                Box::pin(async move {
                    let sent = engine.send(&operation, &input, &options, wish).await?;
                    decode(&engine, sent)
                })
            }),
        )
    }

    fn strict(&self) -> bool {
        self.settings().refuse_unknown_fields
    }

    pub(crate) fn value<T: DeserializeOwned + Send + 'static, A>(
        self: &Arc<Self>,
        operation: &Operation,
        input: Input,
    ) -> Call<T, A> {
        self.call(operation, input, Wish::Json, |engine, sent| {
            Ok(Answered::new(decoded(&sent, engine.strict())?, &sent))
        })
    }

    /// The JSON as it came; null without a body.
    pub(crate) fn raw(self: &Arc<Self>, operation: &Operation, input: Input) -> Call<Value> {
        self.call(operation, input, Wish::Json, |_, sent| {
            let value = if sent.reply.text.is_empty() {
                Value::Null
            } else {
                decoded(&sent, false)?
            };
            Ok(Answered::new(value, &sent))
        })
    }

    pub(crate) fn tagged<T: DeserializeOwned + Send + 'static, A>(
        self: &Arc<Self>,
        operation: &Operation,
        input: Input,
    ) -> Call<Tagged<T>, A> {
        self.call(operation, input, Wish::Json, |engine, sent| {
            let etag = sent.reply.header("etag").map(str::to_owned);
            Ok(Answered::new(
                Tagged {
                    value: decoded(&sent, engine.strict())?,
                    etag,
                },
                &sent,
            ))
        })
    }

    pub(crate) fn empty<A>(self: &Arc<Self>, operation: &Operation, input: Input) -> Call<(), A> {
        self.call(operation, input, Wish::Nothing, |_, sent| {
            Ok(Answered::new((), &sent))
        })
    }

    pub(crate) fn text<A>(
        self: &Arc<Self>,
        operation: &Operation,
        input: Input,
    ) -> Call<String, A> {
        self.call(operation, input, Wish::Text, |_, sent| {
            let answered = Answered::new((), &sent);
            Ok(answered.map(|()| sent.reply.text))
        })
    }

    pub(crate) fn download<A>(
        self: &Arc<Self>,
        operation: &Operation,
        input: Input,
    ) -> Call<Download, A> {
        self.call(operation, input, Wish::Bytes, |engine, mut sent| {
            let answered = Answered::new((), &sent);
            match sent.reply.stream.take() {
                Some(response) => {
                    let idle = engine.settings().attempt_timeout;
                    Ok(answered.map(|()| Download::new(response, idle)))
                }
                None => Err(unreadable(
                    Some(&sent.reply),
                    "there is no file",
                    sent.attempts,
                )),
            }
        })
    }

    pub(crate) fn pages<P: Page + DeserializeOwned, A>(
        self: &Arc<Self>,
        operation: &Operation,
        input: Input,
    ) -> Pages<P, A> {
        let (engine, operation) = (Arc::clone(self), operation.clone());
        Pages::new(
            input,
            Arc::new(move |input, options| {
                let (engine, operation) = (Arc::clone(&engine), operation.clone());
                Box::pin(async move {
                    let sent = engine
                        .send(&operation, &input, &options, Wish::Json)
                        .await?;
                    Ok(Answered::new(decoded(&sent, engine.strict())?, &sent))
                })
            }),
        )
    }
}
