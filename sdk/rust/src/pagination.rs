//! Lists that come in pages.
use crate::call::Answered;
use crate::clock::BoxFuture;
use crate::error::Result;
use crate::operation::Input;
use crate::settings::CallOptions;
use crate::stream::{Step, Stream};
use std::collections::VecDeque;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// Rows of a page, when a list is read from its beginning to its end.
const PAGE_SIZE: &str = "100";

/// A page of a list.
pub trait Page: Send + 'static {
    /// What the list has.
    type Item: Send + 'static;
    /// The query parameter that says which page.
    #[doc(hidden)]
    const POSITION: &'static str;
    /// The position after this page. None at the end.
    #[doc(hidden)]
    fn next(&self) -> Option<String>;
    /// The items of the page.
    fn into_items(self) -> Vec<Self::Item>;
}

/// The position after a page of a list that counts.
pub(crate) fn next_offset(offset: i64, length: usize, total: i64) -> Option<String> {
    let end = offset + i64::try_from(length).unwrap_or(i64::MAX - offset);
    (length > 0 && end < total).then(|| end.to_string())
}

pub(crate) type ReadPage<P> =
    Arc<dyn Fn(Input, CallOptions) -> BoxFuture<'static, Result<Answered<P>>> + Send + Sync>;

/// A list. [`Pages::stream`] gives its items; awaited, it gives its first page.
///
/// ```no_run
/// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
/// use sentryagent_idp::models::AgentStatus;
///
/// let mut agents = client.agents().list().status(AgentStatus::Active).stream();
/// while let Some(agent) = agents.next().await {
///     println!("{}", agent?.email);
/// }
/// let first_page = client.agents().list().limit(5).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a list is read when it is awaited or streamed"]
pub struct Pages<P: Page, Arguments = ()> {
    read: ReadPage<P>,
    input: Input,
    options: CallOptions,
    arguments: PhantomData<fn(Arguments)>,
}

impl<P: Page, Arguments> fmt::Debug for Pages<P, Arguments> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<P: Page, Arguments> Pages<P, Arguments> {
    pub(crate) fn new(input: Input, read: ReadPage<P>) -> Self {
        // First, so that the caller's own limit takes its place.
        let input = input.query("limit", PAGE_SIZE.to_owned());
        Self {
            read,
            input,
            options: CallOptions::default(),
            arguments: PhantomData,
        }
    }

    pub(crate) fn with_input(mut self, change: impl FnOnce(Input) -> Input) -> Self {
        self.input = change(self.input);
        self
    }

    /// Each request with its waits; 60 seconds unless the client says otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How often a request is sent again; 2 unless the client says otherwise.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.max_retries = Some(retries);
        self
    }

    /// One more header. `Authorization` is always the library's.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// The first page with its answer.
    ///
    /// # Errors
    /// As the call.
    pub async fn with_response(self) -> Result<Answered<P>> {
        (self.read)(self.input, self.options).await
    }

    /// The items, page by page. A page is requested when its first item is needed. An error ends the list after what came.
    pub fn stream(self) -> Stream<P::Item> {
        Stream::unfolding(items_of(self.pages()), items_of)
    }

    /// The pages, one after the other.
    pub fn pages(self) -> Stream<P> {
        let Self {
            read,
            input,
            options,
            ..
        } = self;
        let first = read_page(read, input, options, Some(None));
        Stream::unfolding(first, |(read, input, options, position)| {
            read_page(read, input, options, position)
        })
    }

    /// All items in one list.
    ///
    /// # Errors
    /// As the call.
    pub async fn collect(self) -> Result<Vec<P::Item>> {
        let mut items = Vec::new();
        let mut stream = self.stream();
        while let Some(item) = stream.next().await {
            items.push(item?);
        }
        Ok(items)
    }

    /// The items, for programs without a runtime. It must not be called in a task.
    #[cfg(feature = "blocking")]
    pub fn blocking(self) -> impl Iterator<Item = Result<P::Item>> {
        let mut stream = self.stream();
        std::iter::from_fn(move || crate::blocking::run(async { stream.next().await }))
    }
}

fn items_of<P: Page>(mut pages: Stream<P>) -> Step<P::Item, Stream<P>> {
    Box::pin(async move {
        let page = pages.next().await;
        (
            page.map(|page| page.map(|page| page.into_items().into())),
            pages,
        )
    })
}

/// What reads a list: how, what, and the position of the next page; None at the end.
type Reading<P> = (ReadPage<P>, Input, CallOptions, Option<Option<String>>);

fn read_page<P: Page>(
    read: ReadPage<P>,
    input: Input,
    options: CallOptions,
    position: Option<Option<String>>,
) -> Step<P, Reading<P>> {
    Box::pin(async move {
        let Some(position) = position else {
            return (None, (read, input, options, None));
        };
        let asked = match position {
            Some(position) => input.clone().query(P::POSITION, position),
            None => input.clone(),
        };
        match read(asked, options.clone()).await {
            Ok(answered) => {
                let next = answered.value.next().map(Some);
                (
                    Some(Ok(VecDeque::from([answered.value]))),
                    (read, input, options, next),
                )
            }
            Err(error) => (Some(Err(error)), (read, input, options, None)),
        }
    })
}

impl<P: Page, Arguments: 'static> IntoFuture for Pages<P, Arguments> {
    type Output = Result<P>;
    type IntoFuture = BoxFuture<'static, Result<P>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.with_response().await?.value) })
    }
}

#[cfg(test)]
mod tests {
    use super::next_offset;

    #[test]
    fn a_list_that_counts_ends_at_its_total() {
        assert_eq!(next_offset(0, 100, 250).as_deref(), Some("100"));
        assert_eq!(next_offset(200, 50, 250), None);
        assert_eq!(next_offset(0, 0, 250), None);
    }
}
