//! A door that jobs wait at: the test sees them come, and lets them pass. No polling, and no job outlives its test,
//! since the connection closes with it.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::within;

/// The door. Bash jobs knock with [`Gate::knock`].
pub struct Gate {
    listener: TcpListener,
    address: SocketAddr,
}

/// A job that waits.
pub struct Visitor {
    /// What it said when it knocked.
    pub said: String,
    connection: BufReader<TcpStream>,
}

impl Gate {
    /// A new door.
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// Bash that says `word` (bash too: `{name}` says an argument) at the door and waits until it is let pass, for
    /// longer than any test waits. Where the test is gone it fails.
    pub fn knock(&self, word: &str) -> String {
        let port = self.address.port();
        format!("exec 3<>/dev/tcp/127.0.0.1/{port} && echo {word} >&3 && read -r -t 1000 pass <&3")
    }

    /// The next job that knocks.
    pub async fn visitor(&self) -> Visitor {
        within("a job to knock at the gate", self.next()).await
    }

    /// The next job that knocks, however long that takes. For [`crate::not_within`].
    pub async fn next(&self) -> Visitor {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut connection = BufReader::new(stream);
        let mut said = String::new();
        connection.read_line(&mut said).await.unwrap();
        Visitor {
            said: said.trim_end().to_owned(),
            connection,
        }
    }
}

impl Visitor {
    /// Lets the job go on.
    pub async fn pass(mut self) {
        self.connection.write_all(b"go\n").await.unwrap();
    }

    /// Waits until the job has ended, by itself or by force.
    pub async fn gone(&mut self) {
        let mut rest = String::new();
        // A job that was killed may leave a reset behind, which is as gone as an end of file.
        let _ = within("the job to end", self.connection.read_line(&mut rest)).await;
    }
}
