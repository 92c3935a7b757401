//! For unit tests: a job's function is called like any other.
//!
//! ```
//! use innkeeper_guest::testing::{self, Said};
//! use innkeeper_guest::{Request, Result, http, json, progress};
//!
//! fn run(request: Request) -> Result<String> {
//!     progress::say("asking");
//!     let weather: json::Value = http::get("https://weather.example/today")
//!         .query("town", request.arguments.get("town").unwrap_or("Oslo"))
//!         .send()?
//!         .error_for_status()?
//!         .json()?;
//!     Ok(format!("It is {} °C", weather["temperature"]))
//! }
//!
//! # fn main() -> Result<()> {
//! testing::http(|request| {
//!     assert_eq!(request.url, "https://weather.example/today?town=Bergen");
//!     http::Response::for_test(200, r#"{"temperature": 7}"#)
//! });
//! let (report, said) = testing::capture(|| run(Request::for_test([("town", "Bergen")])));
//! assert_eq!(report?, "It is 7 °C");
//! assert_eq!(said, [Said::Progress { fraction: None, line: "asking".to_owned() }]);
//! # Ok(())
//! # }
//! ```
//!
//! Requests, runs and triggers come from [`Request::for_test`](crate::Request::for_test),
//! [`Finished::for_test`](crate::Finished::for_test) and the functions of [`Trigger`](crate::Trigger).

use std::cell::RefCell;
use std::rc::Rc;

pub use crate::said::Said;

use crate::http::{Request, Response};
use crate::said;

type Answerer = Rc<dyn Fn(&Request) -> Response>;

thread_local! {
    static ANSWERER: RefCell<Option<Answerer>> = const { RefCell::new(None) };
}

/// Answers every HTTP request of this thread, until the next call. Each test has a thread of its own.
pub fn http(answer: impl Fn(&Request) -> Response + 'static) {
    ANSWERER.replace(Some(Rc::new(answer)));
}

/// Who answers HTTP requests of this thread.
#[cfg_attr(target_family = "wasm", expect(dead_code, reason = "there the host answers"))]
pub(crate) fn answer(request: &Request) -> Option<Response> {
    // Not borrowed while it runs: it may ask something itself.
    let answerer = ANSWERER.with_borrow(Clone::clone)?;
    Some(answerer(request))
}

/// Runs `work` and returns what it returned, with the progress and log lines of it.
pub fn capture<T>(work: impl FnOnce() -> T) -> (T, Vec<Said>) {
    let all = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&all);
    let before = said::listen(Some(Box::new(move |said| heard.borrow_mut().push(said))));
    let done = work();
    said::listen(before);
    (done, all.take())
}
