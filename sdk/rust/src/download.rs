//! An answer that is read as it comes, in constant memory.
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The bytes of an export, or of a file.
///
/// ```no_run
/// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
/// let mut events = client.audit().export().from("2026-11-01").await?.records();
/// while let Some(event) = events.next().await {
///     println!("{}", event?["action"]);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Download {
    response: reqwest::Response,
    /// The longest wait for more bytes.
    idle: Duration,
    file_name: Option<String>,
    content_type: String,
}

impl fmt::Debug for Download {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Download")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

impl Download {
    pub(crate) fn new(response: reqwest::Response, idle: Duration) -> Self {
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let file_name = header("content-disposition")
            .and_then(|text| {
                Some(
                    text.split_once("filename=\"")?
                        .1
                        .split_once('"')?
                        .0
                        .to_owned(),
                )
            })
            .filter(|name| !name.is_empty() && !name.contains(['/', '\\']));
        let content_type = header("content-type").unwrap_or_default().to_owned();
        Self {
            response,
            idle,
            file_name,
            content_type,
        }
    }

    /// The name that the service gives the file.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// What the bytes are.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// More bytes, as they come. None at the end. The whole download has no limit of time; the wait for more bytes has the
    /// client's [`attempt_timeout`](crate::ClientBuilder::attempt_timeout).
    ///
    /// # Errors
    /// `Http` when the connection breaks, and with `TIMEOUT` when no more bytes come.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let failed = |code: &str, message: &str, cause: Option<reqwest::Error>| {
            let facts = ErrorFacts {
                code: code.to_owned(),
                message: message.to_owned(),
                attempts: 1,
                cause: cause.map(|cause| Arc::new(cause.without_url()) as _),
                ..ErrorFacts::default()
            };
            AgentIdPError::new(ErrorKind::Http, facts)
        };
        let chunk = tokio::time::timeout(self.idle, self.response.chunk())
            .await
            .map_err(|_| failed("TIMEOUT", "The download stalled.", None))?
            .map_err(|cause| failed("CONNECTION_BROKEN", "The download broke off.", Some(cause)))?;
        Ok(chunk.map(|bytes| bytes.to_vec()))
    }

    /// All bytes, in memory.
    ///
    /// # Errors
    /// As [`Download::chunk`].
    pub async fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend(chunk);
        }
        Ok(bytes)
    }

    /// The objects of NDJSON, one by one.
    #[must_use]
    pub fn records(self) -> Records {
        Records {
            download: Some(self),
            rest: Vec::new(),
        }
    }
}

/// The objects of a download of NDJSON.
#[derive(Debug)]
pub struct Records {
    download: Option<Download>,
    rest: Vec<u8>,
}

impl Records {
    /// The next object. None at the end, and after an error.
    pub async fn next(&mut self) -> Option<Result<Value>> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                if line.len() > 1 {
                    return Some(self.parsed(&line));
                }
                continue;
            }
            let Some(download) = &mut self.download else {
                let line = std::mem::take(&mut self.rest);
                return (!line.is_empty()).then(|| self.parsed(&line));
            };
            match download.chunk().await {
                Ok(Some(chunk)) => self.rest.extend(chunk),
                Ok(None) => self.download = None,
                Err(error) => {
                    self.end();
                    return Some(Err(error));
                }
            }
        }
    }

    fn end(&mut self) {
        self.download = None;
        self.rest.clear();
    }

    fn parsed(&mut self, line: &[u8]) -> Result<Value> {
        serde_json::from_slice(line).map_err(|_| {
            self.end();
            AgentIdPError::of(
                ErrorKind::Serde,
                "UNREADABLE_ANSWER",
                "A line of the download is no JSON.",
            )
        })
    }
}
