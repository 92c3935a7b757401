//! The same server on a Unix socket, for the verbs of the host's owner: `data_dir/innkeeper.sock`.
//!
//! The file is the owner's alone (0600), and the kernel is asked who is at the other end: the same user, or root.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use axum::Router;
use axum::serve::Listener;
use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::{ServerLimits, serve};

/// A Unix socket that only its owner and root get an answer from. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct OwnersSocket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

/// Makes the socket at `path`. A socket that is there already is taken for one of a host that died and replaced: the
/// caller holds the data folder's lock.
///
/// # Errors
/// Something else is at `path`, or the socket cannot be made there.
pub fn bind(path: &Path) -> anyhow::Result<OwnersSocket> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.file_type().is_socket() => {
            fs::remove_file(path).with_context(|| format!("the old socket {} cannot be removed", path.display()))?;
        }
        Ok(_) => bail!(
            "{} is not a socket: move it away, the host makes its own there",
            path.display()
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be looked at", path.display())),
    }
    let listener = UnixListener::bind(path).with_context(|| {
        format!(
            "the socket {} cannot be made: its folder must be writable, and its path under 108 bytes (choose a \
             shorter data_dir)",
            path.display()
        )
    })?;
    let socket = OwnersSocket {
        listener,
        path: path.to_owned(),
        owner: rustix::process::geteuid().as_raw(),
    };
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("{} cannot be made private", path.display()))?;
    Ok(socket)
}

/// Makes the socket and serves `router` on it; see [`bind`] and [`serve`]. Connections may live as long as they like:
/// a verb waits for its report.
///
/// # Errors
/// Those of [`bind`].
pub async fn serve_unix(
    path: &Path,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let socket = bind(path)?;
    let limits = ServerLimits {
        connection_time: None,
        ..limits
    };
    serve(socket, router, limits, shutdown).await;
    Ok(())
}

impl OwnersSocket {
    fn admits(&self, stream: &UnixStream) -> bool {
        match stream.peer_cred() {
            Ok(peer) => {
                let admitted = may_ask(peer.uid(), self.owner);
                if !admitted {
                    tracing::warn!(
                        uid = peer.uid(),
                        "another user tried the host's own socket, and was sent away"
                    );
                }
                admitted
            }
            Err(error) => {
                tracing::warn!(%error, "a peer of the host's own socket could not be told, and was sent away");
                false
            }
        }
    }
}

const fn may_ask(peer: u32, owner: u32) -> bool {
    peer == owner || peer == 0
}

impl Listener for OwnersSocket {
    type Io = UnixStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnixStream, SocketAddr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if self.admits(&stream) {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Drop for OwnersSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "the host's own socket could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn ask(path: &Path) -> io::Result<String> {
        let mut stream = UnixStream::connect(path).await?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn its_owner_is_answered_and_the_file_goes_when_the_host_does() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("innkeeper.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap()); // left by a host that died
        let socket = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let shutdown = CancellationToken::new();
        let router = Router::new().route("/", get(async || "at your service"));
        let server = tokio::spawn(serve(socket, router, ServerLimits::default(), shutdown.clone()));
        assert!(ask(&path).await.unwrap().ends_with("at your service"));
        shutdown.cancel();
        server.await.unwrap();
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_stranger_is_sent_away_without_an_answer() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("innkeeper.sock");
        let mut socket = bind(&path).unwrap();
        socket.owner = socket.owner.wrapping_add(1); // whoever runs this test is not the owner any more
        let shutdown = CancellationToken::new();
        let router = Router::new().route("/", get(async || "at your service"));
        let server = tokio::spawn(serve(socket, router, ServerLimits::default(), shutdown.clone()));
        if !rustix::process::geteuid().is_root() {
            assert_eq!(ask(&path).await.unwrap_or_default(), "");
        }
        shutdown.cancel();
        server.await.unwrap();
    }

    #[test]
    fn the_owner_and_root_may_ask_and_nobody_else() {
        assert!(may_ask(1000, 1000));
        assert!(may_ask(0, 1000));
        assert!(!may_ask(1001, 1000));
        assert!(!may_ask(1000, 0));
    }

    #[tokio::test]
    async fn what_is_not_a_socket_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("innkeeper.sock");
        fs::write(&path, "notes").unwrap();
        assert!(bind(&path).unwrap_err().to_string().contains("is not a socket"));
        assert_eq!(fs::read(&path).unwrap(), b"notes");
    }
}
