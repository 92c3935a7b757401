//! A connection over TCP that is to be accepted. Nothing is sent.

use tokio::net::TcpStream;

use super::Verdict;
use super::words::host_and_port;

/// Connects to one of the host's addresses, and hangs up.
pub(super) async fn look(host: &str, port: u16) -> Verdict {
    match TcpStream::connect((host, port)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} cannot be reached: {error}", host_and_port(host, port))),
    }
}
