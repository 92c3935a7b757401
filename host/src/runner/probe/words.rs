//! What is said of checks. What servers sent is made one short line before it is repeated.

use std::time::Duration;

use crate::guest::ending::tidy;

/// Characters of a message.
const MESSAGE: usize = 1000;
/// Characters of what a server said, within a message.
const QUOTE: usize = 200;

/// A message as it is logged: one line.
pub(super) fn tidy_line(text: &str) -> String {
    tidy(text.trim(), MESSAGE)
}

/// What a server said, cut.
pub(super) fn quote(text: &str) -> String {
    tidy(text.trim(), QUOTE)
}

/// An address as it may be shown: what follows `?` may be a token.
pub(super) fn without_query(url: &str) -> String {
    quote(url.split(['?', '#']).next().unwrap_or_default())
}

/// `host:port`, where an IPv6 address stands in brackets.
pub(super) fn host_and_port(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

/// `5 s`, `1.5 s`.
pub(super) fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs_f64())
}

/// `3 days`, `1 day`.
pub(super) fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_said_stays_one_short_line() {
        assert_eq!(tidy_line(" no\r\nsuch\u{202e} host\n"), "no  such  host");
        assert_eq!(quote(&"x".repeat(1000)).chars().count(), QUOTE + 1);
        assert_eq!(
            without_query("https://a.example/x?token=secret#y"),
            "https://a.example/x"
        );
        assert_eq!(host_and_port("::1", 80), "[::1]:80");
        assert_eq!(seconds(Duration::from_millis(1500)), "1.5 s");
        assert_eq!((count(1, "day"), count(0, "day")), ("1 day".into(), "0 days".into()));
    }
}
